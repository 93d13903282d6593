"""The folder for what can be made again: unpacked suites, content hashes, statistics."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path


def cache_folder() -> Path:
    """$MERGELAB_CACHE, or the user's cache folder for mergelab. It may not exist yet."""
    chosen = os.environ.get("MERGELAB_CACHE")
    return Path(chosen).expanduser() if chosen else _user_cache() / "mergelab"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a small file so that readers see the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _user_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
