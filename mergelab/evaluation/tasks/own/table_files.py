"""Finds the files of a task set in a folder, and the splits that they belong to."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mergelab.evaluation.tasks.tables.records import ENDINGS, is_table
from mergelab.evaluation.tasks.tables.splits import SPLITS, known_split
from mergelab.evaluation.tasks.tables.table import Part
from mergelab.evaluation.tasks.task_error import TaskError, listed_texts
from mergelab.methods.knobs import brief, nearest

SHARD = re.compile(r"-\d{5}-of-\d{5}$")
"""How the Hub numbers the parts of one table."""


def parts_by_name(folder: Path, names: Sequence[str] | None = None) -> tuple[Part, ...]:
    """The tables in a folder by the splits that their names say (`train`, `dev`, `my_test`); a lone one is dealt.

    `names` stands in for the files of the folder. Raises `TaskError` for files of no split, and for two of one split.
    """
    names = sorted(entry.name for entry in folder.iterdir() if is_table(entry)) if names is None else names
    if not names:
        raise TaskError(f"{folder} has no table; put a file of these types there: {', '.join(ENDINGS)}")
    paths = [inside(folder, name) for name in names]
    if len(paths) == 1 and not SHARD.search(paths[0].stem):
        return (("", paths[0]),)
    return tuple(part for split, own in _by_split(folder, paths).items() for part in _shards(split, own))


def given_parts(folder: Path, files: Any) -> tuple[Part, ...]:
    """The tables that `files` of a task.yml names: one file, a list, or files by split."""
    if isinstance(files, str):
        return (("", inside(folder, files)),)
    if isinstance(files, list) and files and all(isinstance(name, str) for name in files):
        return tuple(("", inside(folder, name)) for name in files)
    if not isinstance(files, Mapping) or not files:
        raise TaskError(f"files must be a file, a list of files, or files by split, got {brief(files)}")
    return tuple(part for name, own in files.items() for part in _of_split(folder, name, own))


def split_of_name(stem: str) -> str | None:
    """The split that a file's name says: a word of it is one; None without one or with several."""
    found = {split for word in re.split(r"[^A-Za-z]+", stem) if (split := known_split(word))}
    return found.pop() if len(found) == 1 else None


def inside(folder: Path, name: str) -> Path:
    """The path of a file in a task's folder. Raises `TaskError` for a path or a link out of it, and if there is none."""
    path = folder / name
    if "\0" in name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise TaskError(f"{name!r} leads out of {folder}; put the file into the task's folder and name it without ..")
    if not path.is_file():
        raise TaskError(f"{folder} has no file {name!r}; its tables are {listed_texts(_tables(folder))}")
    real, roots = Path(os.path.realpath(path)), [Path(os.path.realpath(folder)), *_blobs(folder)]
    if not any(real.is_relative_to(root) for root in roots):
        raise TaskError(f"{path} links to a file outside {folder}; put the file in its place")
    return path


def _blobs(folder: Path) -> list[Path]:
    """Where the links of a Hub cache entry lead."""
    return [
        parent.parent / "blobs"
        for parent in Path(os.path.realpath(folder)).parents
        if parent.name == "snapshots" and parent.parent.name.startswith("datasets--")
    ]


def _of_split(folder: Path, name: object, files: Any) -> list[Part]:
    split = known_split(str(name))
    if split is None:
        raise TaskError(f"files: unknown split {brief(name)}{nearest(name, SPLITS)}")
    named = [files] if isinstance(files, str) else files
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise TaskError(f"files of {name} must be a file or a list of files, got {brief(files)}")
    return [(split, inside(folder, each)) for each in named]


def _by_split(folder: Path, paths: Sequence[Path]) -> Mapping[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        found[split_of_name(path.stem) or ""].append(path)
    if "" in found:
        raise TaskError(
            f"{folder} has several tables, and the names of {listed_texts([path.name for path in found['']])} say no split; "
            "call them train, validation and test, or name the files under `files` in task.yml"
        )
    return {split: found[split] for split in SPLITS if split in found}


def _shards(split: str, paths: Sequence[Path]) -> list[Part]:
    """The files of one split, which must be the numbered parts of one table."""
    tables = {(SHARD.sub("", path.stem), path.suffix) for path in paths}
    if len(tables) > 1:
        raise TaskError(
            f"{paths[0].parent}: {listed_texts([path.name for path in paths])} all hold {split} rows; "
            "keep one, or name the files under `files` in task.yml"
        )
    return [(split, path) for path in paths]


def _tables(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if is_table(entry)) if folder.is_dir() else []
