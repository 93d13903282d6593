"""Random bits that depend on what they are for alone: seed, expert and tensor, never on order, threads or device."""

from __future__ import annotations

import hashlib

import numpy
import torch
from torch import Tensor

STREAM = "mergelab/draws/v1"


def draws(seed: int, expert: str, tensor: str, shape: tuple[int, ...]) -> Tensor:
    """Uniform integers in [0, 2^32), int64 of `shape`, from Philox4x64 with counter 0.

    The key is the first 128 bits of SHA-256 over (stream name, seed, the expert's content hash, the tensor's name);
    entry i is the i-th 32-bit half, low half first, of the generator's output.
    """
    digest = hashlib.sha256(b"".join(_framed(part) for part in (STREAM, str(seed), expert, tensor))).digest()
    generator = numpy.random.Philox(key=int.from_bytes(digest[:16], "little"))
    count = int(numpy.prod(shape, dtype=numpy.int64))
    words = generator.random_raw((count + 1) // 2).astype("<u8", copy=False).view("<u4")[:count]
    return torch.from_numpy(words.astype(numpy.int64)).reshape(shape)


def _framed(part: str) -> bytes:
    """The part behind its length, so that no two lists of parts look alike."""
    data = part.encode()
    return len(data).to_bytes(8, "little") + data
