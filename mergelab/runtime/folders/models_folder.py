"""Keeps what a person may name inside the models folder, without a look at anything outside of it."""

from __future__ import annotations

import os
from pathlib import Path


def place_inside(models_dir: Path, named: str | Path) -> Path | None:
    """The path that `named` (absolute, or relative to the working directory) has in the models folder, or None if it
    lies outside.

    `..` is resolved in the text, and then links are followed one by one. The first step that leads out of the folder ends
    the search, so neither the answer nor its time tells what exists elsewhere.
    """
    if "\0" in str(named):
        return None
    root, wanted = Path(os.path.realpath(models_dir)), _in_full(named)
    starts = [start for start in (_in_full(models_dir), root) if wanted.is_relative_to(start)]
    if not starts:
        return None
    inner = wanted.relative_to(starts[0])
    reached = root
    for step in inner.parts:
        reached = Path(os.path.realpath(reached / step))
        if not reached.is_relative_to(root):
            return None
    return root / inner


def _in_full(path: str | Path) -> Path:
    """An absolute path without `..`, from the text alone."""
    return Path(os.path.normpath(Path.cwd() / path))


def told_outside(named: object) -> str:
    """The one sentence about a path outside of the models folder, whatever is or is not there."""
    return f"{named} is outside the models folder, so it is not opened; name a model by its path in that folder"
