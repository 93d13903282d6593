"""Removes whatever stands at a path: a file, a link or a folder."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from mergelab.runtime.staging import PREFIX


def remove(path: Path) -> bool:
    """Remove `path`; False where the system does not allow it."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            _shred(path if path.name.startswith(PREFIX) else set_aside(path))
        else:
            path.unlink(missing_ok=True)
    return not os.path.lexists(path)


def set_aside(path: Path) -> Path:
    """Rename an entry in one step, so that nobody meets a part of it. The next sweep removes it if this process dies."""
    return path.rename(path.with_name(f"{PREFIX}{secrets.token_hex(8)}"))


def clear_way(folder: Path) -> None:
    """Remove what is no folder where `folder` or the store above it has to be."""
    for place in (folder.parent, folder):
        if os.path.lexists(place) and not place.is_dir():
            remove(place)


def _shred(folder: Path) -> None:
    """Remove a folder, also one whose permissions were taken away."""
    folder.chmod(0o700)
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            _shred(child)
        else:
            child.unlink()
    folder.rmdir()
