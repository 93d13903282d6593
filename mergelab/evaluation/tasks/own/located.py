"""Finds the task set that a person names: a file, a folder, or a data set of the Hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.remote.hub_dataset import HubDataset, fetch_dataset, is_dataset_reference
from mergelab.evaluation.tasks.own.description import (
    NAMES,
    NOTHING_SAID,
    Description,
    described,
    description_file,
    read_fields,
)
from mergelab.evaluation.tasks.own.table_files import given_parts, inside, parts_by_name, split_of_name
from mergelab.evaluation.tasks.tables.limits import MOST_BYTES
from mergelab.evaluation.tasks.tables.records import ENDINGS, is_table
from mergelab.evaluation.tasks.tables.table import Part
from mergelab.evaluation.tasks.task_error import TaskError, listed_texts
from mergelab.runtime.folders.models_folder import place_inside, told_outside


@dataclass(frozen=True)
class Located:
    """The files of a task set with what its task.yml says: its `fields` as they are written, and checked.

    `source` names the commit of a data set of the Hub. An `uploaded` task set is one of a person's browser.
    """

    name: str
    path: Path
    parts: tuple[Part, ...]
    description: Description = NOTHING_SAID
    source: str = ""
    notes: tuple[str, ...] = ()
    fields: Mapping[Any, Any] = field(default_factory=dict)
    uploaded: bool = False

    @property
    def origin(self) -> str:
        """Where the rows come from, in words that mean something to others: an upload's place on the server means nothing."""
        return f"{self.path.name} (uploaded)" if self.uploaded else self.source or str(self.path)


def locate(reference: str, models_dir: Path | None = None, said: Mapping[str, Any] | None = None) -> Located:
    """The task set that `reference` names. With `models_dir`, only files in that folder are opened, and none of the Hub.

    `said` are fields of a task.yml that go before those of the task set's own. Raises `TaskError` for what is not there, and for a folder whose files are not clear.
    """
    if not reference.strip() or "\0" in reference:
        raise TaskError("a task set needs a name: a file, a folder, or owner/name of a data set on the Hub")
    path = _allowed(reference, models_dir)
    if path.name in NAMES and path.is_file():
        path = path.parent
    if path.is_dir():
        return _in_folder(path, models_dir, said or {})
    if path.is_file():
        return _with_fields(_file(path), said or {})
    if models_dir is None and is_dataset_reference(reference):
        return _from_hub(reference, said or {})
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


def _in_folder(folder: Path, models_dir: Path | None, said: Mapping[str, Any]) -> Located:
    named, written = folder.resolve().name, description_file(folder)
    fields = {**(read_fields(inside(folder, written.name)) if written else {}), **said}
    description = described(fields, written or folder) if fields else NOTHING_SAID
    if description.dataset:
        if models_dir is not None:
            raise TaskError(f"{written}: no data set of the Hub is opened here; put its files beside task.yml")
        return replace(_from_hub(description.dataset, {}), name=named, description=description, fields=fields)
    files = description.files
    parts = given_parts(folder, files) if files is not None else parts_by_name(folder)
    return Located(named, folder, parts, description, fields=fields)


def _with_fields(found: Located, said: Mapping[str, Any]) -> Located:
    """The same files, described by `said` alone."""
    return replace(found, description=described(said, found.path), fields=said) if said else found


def _from_hub(reference: str, said: Mapping[str, Any]) -> Located:
    try:
        found = fetch_dataset(reference, ENDINGS, NAMES, MOST_BYTES)
    except CheckpointError as error:
        raise TaskError(f"there is no file or folder {reference}; as a data set of the Hub: {error}") from error
    if description_file(found.folder):
        return replace(_in_folder(found.folder, found.folder, said), name=found.name, source=found.source)
    parts, notes = _declared(found) if found.splits else (parts_by_name(found.folder, found.files), ())
    return _with_fields(Located(found.name, found.folder, parts, source=found.source, notes=notes), said)


def _declared(found: HubDataset) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """The tables of a data set whose card says their splits, and a note on those that have no place here. A lone split is dealt.

    Raises `TaskError` if no split's name says which it is, or two say the same.
    """
    if len(found.splits) == 1:
        return given_parts(found.folder, [name for files in found.splits.values() for name in files]), ()
    meant = {name: split for name in found.splits if (split := split_of_name(name))}
    if not meant or len(set(meant.values())) < len(meant):
        raise TaskError(
            f"{found.source} has the splits {listed_texts(list(found.splits))}, of which none or several are training, validation or "
            "test rows; download it, and name the files under `files` in a task.yml beside them"
        )
    parts = given_parts(found.folder, {split: list(found.splits[name]) for name, split in meant.items()})
    others = [name for name in found.splits if name not in meant]
    return parts, (f"{found.source}: the rows of {listed_texts(others)} are not read",) if others else ()
