"""Content hashes of tensors' bytes (BLAKE3, 256 bits), kept for files that stay as they are; needs no torch."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path

from blake3 import blake3

from mergelab.runtime.cache import HASHES, store

SETTLED_NS = 2_000_000_000
"""A file younger than this may still change without its time stamp changing, so its hash is not kept."""
ALGORITHM = "blake3"
"""Part of a kept hash's key, so that one of another algorithm is not taken for it."""
FORMATS = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "U16": "uint16",
    "I32": "int32",
    "U32": "uint32",
    "I64": "int64",
    "U64": "uint64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
}
"""What torch calls the number formats of safetensors."""
under_way: dict[str, Future[str | None]] = {}
"""Hashes that another thread is working out, by the stamp of their files; None where it could not."""


def hash_bytes(dtype: str, shape: Sequence[int], parts: Iterable[bytes | memoryview]) -> str:
    """BLAKE3 hex over a tensor's dtype ("bfloat16"), shape, and elements as little-endian bytes in row-major order."""
    digest = blake3(f"{dtype} {list(shape)}\n".encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def hash_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """BLAKE3 hex over (key, tensor hash) pairs, sorted by key."""
    digest = blake3()
    for key, value in sorted(pairs):
        name = key.encode("utf-8", "surrogatepass")
        digest.update(f"{len(name)}:".encode() + name + bytes.fromhex(value))
    return digest.hexdigest()


def known_hash(files: Iterable[Path]) -> str | None:
    """The content hash that was kept for exactly these files (`stamp_of`) or is being worked out, or None."""
    stamp = stamp_of(files)
    if stamp in under_way:
        return under_way[stamp].result()
    return store().recall(HASHES, _key(stamp), bytes.decode)


def keep_hash(files: Iterable[Path], content_hash: str) -> None:
    """Keep `content_hash` for `files`, unless one of them changed so recently that its time stamp proves nothing."""
    files = list(files)
    if all(time.time_ns() - path.stat().st_mtime_ns > SETTLED_NS for path in files):
        store().put(HASHES, _key(stamp_of(files)), content_hash.encode())


def stamp_of(files: Iterable[Path]) -> str:
    """sha256 hex over what tells a changed file without reading it: path, size, mtime, and ctime, which nobody sets back."""
    stats = [(os.path.realpath(path), path.stat()) for path in files]
    key = json.dumps(sorted([path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for path, stat in stats))
    return hashlib.sha256(key.encode()).hexdigest()


def _key(stamp: str) -> str:
    return f"{ALGORITHM}-{stamp}"
