"""Finds the task set that a person names: a file, a folder, or a data set of the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.remote.hub_dataset import fetch_dataset, is_dataset_reference
from mergelab.evaluation.tasks.own.description import (
    NAMES,
    NOTHING_SAID,
    Description,
    description_file,
    read_description,
)
from mergelab.evaluation.tasks.own.table_files import given_parts, inside, parts_by_name
from mergelab.evaluation.tasks.tables.limits import MOST_BYTES
from mergelab.evaluation.tasks.tables.records import ENDINGS, is_table
from mergelab.evaluation.tasks.tables.table import Part
from mergelab.evaluation.tasks.task_error import TaskError
from mergelab.runtime.models_folder import place_inside, told_outside


@dataclass(frozen=True)
class Located:
    """The files of a task set with what its task.yml says. `source` names the commit of a data set of the Hub."""

    name: str
    path: Path
    parts: tuple[Part, ...]
    description: Description = NOTHING_SAID
    source: str = ""
    notes: tuple[str, ...] = ()


def locate(reference: str, models_dir: Path | None = None) -> Located:
    """The task set that `reference` names. With `models_dir`, only files in that folder are opened, and none of the Hub.

    Raises `TaskError` for what is not there, and for a folder whose files are not clear.
    """
    if not reference.strip() or "\0" in reference:
        raise TaskError("a task set needs a name: a file, a folder, or owner/name of a data set on the Hub")
    path = _allowed(reference, models_dir)
    if path.name in NAMES and path.is_file():
        path = path.parent
    if path.is_dir():
        return _in_folder(path, models_dir)
    if path.is_file():
        return _file(path)
    if models_dir is None and is_dataset_reference(reference):
        return _from_hub(reference)
    raise TaskError(
        f"there is no task set {reference!r}; name a file ({', '.join(ENDINGS)}), a folder, or owner/name of a data set on the Hub"
    )


def _allowed(reference: str, models_dir: Path | None) -> Path:
    named = Path(reference).expanduser() if reference.startswith("~") else Path(reference)
    if models_dir is None:
        return named
    found = place_inside(models_dir, named if reference.startswith(("./", "../")) else models_dir / named)
    if found is None:
        raise TaskError(told_outside(reference))
    return found


def _file(path: Path) -> Located:
    if not is_table(path):
        raise TaskError(f"{path}: rows can be read from {', '.join(ENDINGS)} files, got {path.suffix or 'no ending'!r}")
    beside = description_file(path.parent)
    ignored = (f"{beside} is not used, because a single file was named; name its folder to use it",) if beside else ()
    return Located(path.stem, path, (("", path),), notes=ignored)


def _in_folder(folder: Path, models_dir: Path | None) -> Located:
    named, described = folder.resolve().name, description_file(folder)
    description = read_description(inside(folder, described.name)) if described else NOTHING_SAID
    if description.dataset:
        if models_dir is not None:
            raise TaskError(
                f"{described}: with a models folder no data set of the Hub is opened; put its files beside task.yml"
            )
        return _described(_from_hub(description.dataset), named, description)
    files = description.files
    parts = given_parts(folder, files) if files is not None else parts_by_name(folder)
    return Located(named, folder, parts, description)


def _described(found: Located, name: str, description: Description) -> Located:
    return Located(name, found.path, found.parts, description, found.source, found.notes)


def _from_hub(reference: str) -> Located:
    try:
        found = fetch_dataset(reference, ENDINGS, NAMES, MOST_BYTES)
    except CheckpointError as error:
        raise TaskError(f"there is no file or folder {reference}; as a data set of the Hub: {error}") from error
    if description_file(found.folder):
        inner = _in_folder(found.folder, found.folder)
        return Located(found.name, found.folder, inner.parts, inner.description, found.source)
    parts = parts_by_name(found.folder, found.files)
    return Located(found.name, found.folder, parts, source=found.source)
