"""Opens files of a model folder safely: only plain names and regular files."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from mergelab.checkpoints.files.errors import CheckpointError

PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
MAX_TEXT_BYTES = 64 * 2**20


def safe_file(folder: Path, name: str) -> Path | None:
    """The regular file `name` in `folder`, or None if it does not exist.

    Links are followed. Raises `CheckpointError` for a name with path components, and for anything but a regular file.
    """
    if not PLAIN_NAME.fullmatch(name):
        raise CheckpointError(
            f"{name!r} in {folder} is refused: files of a model folder must have plain names, no paths"
        )
    path = folder / name
    if not os.path.lexists(path):
        return None
    real = Path(os.path.realpath(path))
    if not real.exists():
        raise CheckpointError(f"{path} is refused: it links to {real}, which does not exist; download or copy it again")
    if not stat.S_ISREG(real.stat().st_mode):
        raise CheckpointError(f"{path} is refused: it is not a regular file")
    return real


def refuse_links_out_of(allowed: Path, folder: Path) -> None:
    """Raise `CheckpointError` if a link in `folder` or below leads out of the folder `allowed`.

    On one's own machine links lead to one's own files, and are followed; on a shared server they must not lead a visitor
    to other files. Links of a Hub cache entry lead to its own `blobs`.
    """
    roots = [
        Path(os.path.realpath(allowed)),
        *([folder.resolve().parent.parent / "blobs"] if is_snapshot(folder) else []),
    ]
    seen: set[str] = set()
    for parent, folders, files in os.walk(folder, followlinks=True):
        for path in (Path(parent, name) for name in (*folders, *files)):
            if path.is_symlink() and not any(path.resolve().is_relative_to(root) for root in roots):
                raise CheckpointError(
                    f"{path} is refused: it links to a file outside {allowed}; put the file in its place"
                )
        seen.add(os.path.realpath(parent))
        folders[:] = [name for name in folders if os.path.realpath(Path(parent, name)) not in seen]


def is_snapshot(folder: Path) -> bool:
    """Whether `folder` is a model in the Hub cache."""
    real = Path(os.path.realpath(folder))
    return real.parent.name == "snapshots" and real.parent.parent.name.startswith("models--")


def safe_text(folder: Path, name: str, limit: int = MAX_TEXT_BYTES) -> str | None:
    """The UTF-8 text of file `name` in `folder`, or None if it does not exist; refused above `limit` bytes."""
    path = safe_file(folder, name)
    if path is None:
        return None
    size = path.stat().st_size
    if size > limit:
        raise CheckpointError(f"{folder / name} is refused: it has {size} bytes, more than the {limit} allowed")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{folder / name} is refused: it is not UTF-8 text") from error


def safe_json(folder: Path, name: str, limit: int = MAX_TEXT_BYTES) -> dict[str, Any] | None:
    """The JSON object in file `name` of `folder`, or None if it does not exist."""
    text = safe_text(folder, name, limit)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder / name} is refused: it is not well-formed JSON ({error})") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{folder / name} is refused: it is not a JSON object")
    return value
