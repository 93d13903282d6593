"""Checksums of entries: BLAKE3, on all cores."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

HEADER = 32
"""Bytes of a checksum, which stands before the content of a file."""
CHUNK = 4 << 20
"""Bytes of a file read at once."""


def checksum(name: str, content: bytes) -> bytes:
    """The checksum of `content` stored under `name`; under another name it is another one."""
    return blake3(f"{name}\n".encode(), max_threads=blake3.AUTO).update(content).digest()


def hash_file(path: Path) -> str:
    """BLAKE3 hex of a file, read in chunks: a mapped file that shrinks meanwhile would end the process."""
    digest, chunk = blake3(max_threads=blake3.AUTO), memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(chunk):
            digest.update(chunk[:count])
    return digest.hexdigest()
