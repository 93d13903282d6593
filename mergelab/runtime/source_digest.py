"""A digest of sources of this package: what they have made is believed only while they are the same.

A version does not tell sources that somebody is working on.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def source_digest(sources: tuple[str, ...], package: Path = PACKAGE) -> str:
    """The SHA-256 of these modules and of all modules in these folders, with their names, in hex; paths begin in the package."""
    digest = hashlib.sha256()
    for source in sources:
        for file in sorted((package / source).rglob("*.py")) or [package / source]:
            digest.update(f"\n{file.relative_to(package).as_posix()}\n".encode())
            digest.update(file.read_bytes() if file.is_file() else b"")
    return digest.hexdigest()
