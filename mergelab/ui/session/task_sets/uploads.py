"""The files that one visitor has uploaded: checked, and kept in a private folder until the visit ends."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import unicodedata
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.evaluation.tasks.own.description import NAMES
from mergelab.evaluation.tasks.own.table_files import split_of_name
from mergelab.evaluation.tasks.tables.limits import MOST_BYTES
from mergelab.evaluation.tasks.tables.records import ENDINGS, is_table
from mergelab.ui.form.labels import file_size

MOST_FILES = 100
"""How many files one visitor may upload."""
MOST_UPLOADED = 2 * MOST_BYTES
"""How many bytes one visitor may upload."""
SPARE = 2**30
"""Bytes that an upload leaves free on the server's disk."""
LONGEST_NAME = 120
"""The most bytes of a file's name without its ending."""


@dataclass(frozen=True)
class UploadedFile:
    """A file that has arrived at `path`, with the `name` that the sender gives it, which may be anything."""

    path: Path
    name: str


class Uploads:
    """One visitor's files. They go when the visit ends, at the latest with this object or the process."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._sent: dict[str, str] = {}
        self._files, self._bytes = 0, 0
        self._root: Path | None = None
        self._remove: Callable[[], Any] | None = None

    def take(self, files: Sequence[UploadedFile]) -> list[GivenTask]:
        """Move files here as task sets: those with a task.yml, or whose names all say a split, are one; else each is one.

        Raises `TaskError` with every problem; nothing is kept then.
        """
        named = [(file, safe_name(file.name)) for file in files]
        try:
            problems = [*self._refused(named), *_doubled([name for _, name in named])]
            if problems:
                raise TaskError(*problems)
            together = is_one_task([name for _, name in named])
            found = [self._together(named)] if together else [self._alone(file, name) for file, name in named]
        except OSError as error:
            raise TaskError(f"the upload could not be kept: {error.strerror or error}; upload it again") from error
        for file in files:  # two of one name and content have arrived at one place
            file.path.unlink(missing_ok=True)
        return found

    def forget(self, given: GivenTask) -> None:
        """Delete the files of one task set."""
        if self._root and Path(given.folder).parent == self._root:
            shutil.rmtree(given.folder, ignore_errors=True)

    def clear(self) -> None:
        """Delete all files."""
        if self._remove:
            self._remove()
        self._root = self._remove = None

    def origin(self, given: GivenTask) -> str:
        """The name of an upload, and how it was called before if that name was taken or could not be kept."""
        name = self.plain(given.reference)
        sent = self._sent.get(given.folder, name)
        return name if sent == name else f"{sent}, here called {name}"

    def plain(self, text: str) -> str:
        """A text about these files without the place that they have on the server."""
        return re.sub(re.escape(f"{self._root}{os.sep}") + r"\d+[/\\]", "", text) if self._root else text

    def _refused(self, named: Sequence[tuple[UploadedFile, str]]) -> list[str]:
        sizes = [file.path.stat().st_size for file, _ in named]
        problems = [problem for (_, name), size in zip(named, sizes, strict=True) if (problem := _problem(name, size))]
        if self._files + len(named) > MOST_FILES:
            problems.append(f"a visitor may upload {MOST_FILES} files; reload the page to begin anew")
        if self._bytes + sum(sizes) > MOST_UPLOADED:
            problems.append(f"a visitor may upload {MOST_UPLOADED >> 20} MB; reload the page to begin anew")
        if not problems and shutil.disk_usage(self._folder()).free - sum(sizes) < SPARE:
            problems.append("this server has no room left for the upload")
        return problems

    def _folder(self) -> Path:
        if self._root is None:
            self._root = Path(os.path.realpath(tempfile.mkdtemp(prefix="mergelab-uploads-")))
            self._remove = weakref.finalize(self, shutil.rmtree, str(self._root), True)
        return self._root

    def _together(self, named: Sequence[tuple[UploadedFile, str]]) -> GivenTask:
        number = next(self._numbers)
        folder = self._folder() / str(number) / (_shared_name([name for _, name in named]) or f"task-{number}")
        folder.mkdir(parents=True)
        for file, name in named:
            self._put(file, folder / name)
        return GivenTask(str(folder), folder=str(folder.parent))

    def _alone(self, file: UploadedFile, name: str) -> GivenTask:
        folder, place = self._folder() / str(next(self._numbers)), self._new_name(name)
        folder.mkdir()
        self._sent[str(folder)] = _last_part(file.name)[:LONGEST_NAME]
        self._put(file, folder / place)
        return GivenTask(str(folder / place), folder=str(folder))

    def _new_name(self, name: str) -> str:
        """The same name, or with a number if a task set is called so already: scores are told apart by it."""
        taken = {path.stem for path in self._folder().glob("*/*")}
        stem, _, ending = name.rpartition(".")
        names = (name if number == 1 else f"{stem}-{number}.{ending}" for number in count(1))
        return next(each for each in names if Path(each).stem not in taken)

    def _put(self, file: UploadedFile, place: Path) -> None:
        shutil.copyfile(file.path, place)
        self._files, self._bytes = self._files + 1, self._bytes + place.stat().st_size


def safe_name(name: str) -> str:
    """A file's name without folders, hidden beginnings, control characters, and what file systems or a shell take for something
    else; empty text if nothing is left."""
    stem, dot, ending = re.sub(r"[^\w .()+-]", "_", _last_part(name)).strip(" .").rpartition(".")
    return f"{stem.encode()[:LONGEST_NAME].decode(errors='ignore').strip(' ')}{dot}{ending}"


def _last_part(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]


def is_one_task(names: Sequence[str]) -> bool:
    """Whether files of these names make one task set: with a task.yml, or if each says its split."""
    tables = [name for name in names if name not in NAMES]
    return len(tables) < len(names) or (len(tables) > 1 and all(split_of_name(Path(name).stem) for name in tables))


def _problem(name: str, size: int) -> str:
    if name not in NAMES and not (is_table(Path(name)) and Path(name).stem):
        return f"{name or 'a file without a name'}: rows can be read from {', '.join(ENDINGS)} files, beside them a task.yml"
    if size > MOST_BYTES:
        return f"{name} has {file_size(size)}, more than the {MOST_BYTES >> 20} MB that are read; keep fewer rows or columns"
    return ""


def _doubled(names: Sequence[str]) -> list[str]:
    """Two files of one name cannot stand beside one task.yml."""
    twice = sorted({name for name in names if names.count(name) > 1}) if is_one_task(names) else []
    return [f"{name} was chosen twice; upload it once, or the task sets one after the other" for name in twice]


def _shared_name(names: Sequence[str]) -> str:
    """What the names of tables have in common beside the split that each says."""
    stems = [re.split(r"[-_. ]+", Path(name).stem) for name in names if name not in NAMES]
    plain = {"-".join(word for word in words if split_of_name(word) is None) for words in stems}
    return plain.pop() if len(plain) == 1 else ""
