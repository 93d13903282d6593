"""Opens files of a model folder safely: only plain names and regular files, no links that leave the folder."""

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

    Raises `CheckpointError` for a name with path components, for anything but a regular file, and for a link that
    leaves the folder (links of the Hub cache into its own `blobs` are allowed).
    """
    if not PLAIN_NAME.fullmatch(name):
        raise CheckpointError(
            f"{name!r} in {folder} is refused: files of a model folder must have plain names, no paths"
        )
    path = folder / name
    if not os.path.lexists(path):
        return None
    real = Path(os.path.realpath(path))
    if not any(real.is_relative_to(root) for root in _roots(folder)):
        raise CheckpointError(f"{path} is refused: it links to a file outside the model folder; copy the file there")
    if not real.exists() or not stat.S_ISREG(real.stat().st_mode):
        raise CheckpointError(f"{path} is refused: it is not a regular file")
    return real


def _roots(folder: Path) -> list[Path]:
    """Folders in which the files of `folder` may really be: itself, or the blobs of its Hub cache entry."""
    real = Path(os.path.realpath(folder))
    return [real, real.parent.parent / "blobs"] if is_snapshot(folder) else [real]


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
