"""Content hashes: checkpoints with the same tensors have the same hash, however their files are laid out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor

from mergelab.runtime.hashing import hash_bytes, hash_pairs, keep_hash, known_hash


def tensor_bytes(tensor: Tensor) -> memoryview:
    """The elements of `tensor` as little-endian bytes in row-major order, without a copy if contiguous on the CPU."""
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data


class ByteCount:
    """How many bytes of tensors this process has hashed. Several threads may add at once."""

    def __init__(self) -> None:
        self.total, self._lock = 0, Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self.total += count


hashed = ByteCount()
"""Tells a job how far the hashing of its models is."""


def hash_tensor(tensor: Tensor) -> str:
    """BLAKE3 over dtype, shape and bytes in hex; 0.0 and -0.0 count as different."""
    hashed.add(tensor.nbytes)
    return hash_bytes(str(tensor.dtype).removeprefix("torch."), tensor.shape, [tensor_bytes(tensor)])


def hash_state(state: Mapping[str, Tensor]) -> str:
    """Content hash of a state dict, equal to `content_hash()` of any checkpoint with the same tensors."""
    return _hash_each(state, state.__getitem__)


def hash_once(files: Iterable[Path], keys: Iterable[str], read: Callable[[str], Tensor]) -> str:
    """Content hash of the tensors that `read` returns for `keys`, cached until one of `files` changes."""
    files = list(files)
    found = known_hash(files)
    if found is None:
        found = _hash_each(keys, read)
        keep_hash(files, found)
    return found


def _hash_each(keys: Iterable[str], read: Callable[[str], Tensor]) -> str:
    """Hash two tensors at a time: hashing releases the GIL, and more threads would only wait for memory."""
    keys = list(keys)
    with ThreadPoolExecutor(2) as pool:
        return hash_pairs(zip(keys, pool.map(lambda key: hash_tensor(read(key)), keys), strict=True))
