"""Random bits that depend only on seed, expert and tensor, never on order, threads or device."""

from __future__ import annotations

import hashlib

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

STREAM = "mergelab/draws/v3"
LANES, GROUP = 16, 64
"""Entries 64g … 64g+63 come from counters 16g … 16g+15, 16 entries at a time: from the lower, then the upper halves of
their first output words, then from the lower and upper halves of their second output words."""
REST = 1 << 31
"""This bit is set in the counters' upper words to generate the lower halves of draws."""
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA

Words = NDArray[numpy.uint32]


def key_of(seed: int, expert: str, tensor: str) -> tuple[int, int]:
    """The generator's key: the first two 32-bit words, little-endian, of the SHA-256 over the stream name, the seed, the
    expert's content hash and the tensor's name."""
    digest = hashlib.sha256(b"".join(_framed(part) for part in (STREAM, str(seed), expert, tensor))).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


def draws(seed: int, expert: str, tensor: str, shape: tuple[int, ...], start: int = 0) -> Tensor:
    """Uniform integers in [0, 2^32), int64 of `shape`: the entries of the infinite stream from `start` on.

    The upper and the lower 16 bits of draws are two separate streams. Usually the upper bits suffice to decide whether
    a draw is below a limit, and the lower bits need not be generated. The bits come from Threefry-2x32 with 20 rounds
    (Salmon et al. 2011, doi:10.1145/2063384.2063405).
    """
    count = int(numpy.prod(shape, dtype=numpy.int64))
    first, last = start // GROUP, -(-(start + count) // GROUP)
    key, groups = key_of(seed, expert, tensor), (first, max(last, first))
    drawn = (_halves(key, *groups, 0) << 16 | _halves(key, *groups, REST)).reshape(-1)
    skip = start - first * GROUP
    return torch.from_numpy(drawn[skip : skip + count]).reshape(shape)


def threefry(key: tuple[int, int], low: Words, high: Words) -> tuple[Words, Words]:
    """Both output words of Threefry-2x32-20 for counters of two words each."""
    schedule = numpy.array([*key, key[0] ^ key[1] ^ PARITY], dtype=numpy.uint32)
    first, second = low + schedule[0], high + schedule[1]
    for group in range(5):
        for turn in ROTATIONS[group % 2]:
            first = first + second
            second = ((second << numpy.uint32(turn)) | (second >> numpy.uint32(32 - turn))) ^ first
        first = first + schedule[(group + 1) % 3]
        second = second + schedule[(group + 2) % 3] + numpy.uint32(group + 1)
    return first, second


def _halves(key: tuple[int, int], first: int, last: int, besides: int) -> NDArray[numpy.int64]:
    """The 16-bit halves for groups first … last-1, in order; `besides` is or-ed into the counters' upper words."""
    counters = numpy.arange(first * LANES, last * LANES, dtype=numpy.uint64)
    upper = (counters >> numpy.uint64(32)).astype(numpy.uint32) | numpy.uint32(besides)
    pair = [words.reshape(-1, LANES) for words in threefry(key, counters.astype(numpy.uint32), upper)]
    halves = [half for words in pair for half in (words & numpy.uint32(0xFFFF), words >> numpy.uint32(16))]
    return numpy.stack(halves, axis=1).astype(numpy.int64)


def _framed(part: str) -> bytes:
    """The part preceded by its length, so that different lists of parts never give equal bytes."""
    data = part.encode()
    return len(data).to_bytes(8, "little") + data
