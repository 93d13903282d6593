"""The folder for what can be made again: unpacked suites, content hashes, statistics."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """$MERGELAB_CACHE, or the user's cache folder for mergelab. It may not exist yet."""
    chosen = os.environ.get("MERGELAB_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("mergelab", appauthor=False)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a small file so that readers see the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
