"""Content hashes: two checkpoints with the same tensors have the same hash, whatever their files look like."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from mergelab.checkpoints.cache import cache_folder, write_atomically

SETTLED_NS = 2_000_000_000
"""A file younger than this may still change without its time stamp changing, so its hash is not kept."""


def tensor_bytes(tensor: Tensor) -> memoryview:
    """The elements of `tensor` as little-endian bytes in row-major order; no copy when it is contiguous on the CPU."""
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data


def hash_tensor(tensor: Tensor) -> str:
    """sha256 hex over dtype, shape and bytes; 0.0 and -0.0 count as different."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    digest = hashlib.sha256(f"{dtype} {list(tensor.shape)}\n".encode())
    digest.update(tensor_bytes(tensor))
    return digest.hexdigest()


def hash_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """sha256 hex over (key, tensor hash) pairs, sorted by key."""
    digest = hashlib.sha256()
    for key, value in sorted(pairs):
        name = key.encode("utf-8", "surrogatepass")
        digest.update(f"{len(name)}:".encode() + name + bytes.fromhex(value))
    return digest.hexdigest()


def hash_state(state: Mapping[str, Tensor]) -> str:
    """Content hash of a state dict, equal to `content_hash()` of a checkpoint that holds the same tensors."""
    return _hash_each(state, state.__getitem__)


def hash_once(files: Iterable[Path], keys: Iterable[str], read: Callable[[str], Tensor]) -> str:
    """Content hash of the tensors that `read` gives for `keys`, kept for as long as `files` stay as they are."""
    files = list(files)
    found = known_hash(files)
    if found is None:
        found = _hash_each(keys, read)
        keep_hash(files, found)
    return found


def _hash_each(keys: Iterable[str], read: Callable[[str], Tensor]) -> str:
    """Two tensors at once: hashing leaves Python's lock alone, and more would wait for memory."""
    keys = list(keys)
    with ThreadPoolExecutor(2) as pool:
        return hash_pairs(zip(keys, pool.map(lambda key: hash_tensor(read(key)), keys), strict=True))


def known_hash(files: Iterable[Path]) -> str | None:
    """The content hash that was kept for exactly these files (path, size, mtime), or None."""
    try:
        return str(json.loads(_record(files).read_text())["content_hash"])
    except (OSError, ValueError, KeyError, TypeError):  # nothing kept, or a damaged record: hash again
        return None


def keep_hash(files: Iterable[Path], content_hash: str) -> None:
    """Keep `content_hash` for `files`, unless one of them changed so recently that its time stamp proves nothing."""
    files = list(files)
    if all(time.time_ns() - path.stat().st_mtime_ns > SETTLED_NS for path in files):
        write_atomically(_record(files), json.dumps({"content_hash": content_hash}).encode())


def _record(files: Iterable[Path]) -> Path:
    return cache_folder() / "hashes" / f"{stamp_of(files)}.json"


def stamp_of(files: Iterable[Path]) -> str:
    """sha256 hex over path, size and mtime of `files`: another one when a file has changed, without reading it."""
    stats = [(os.path.realpath(path), path.stat()) for path in files]
    key = json.dumps(sorted([path, stat.st_size, stat.st_mtime_ns] for path, stat in stats))
    return hashlib.sha256(key.encode()).hexdigest()
