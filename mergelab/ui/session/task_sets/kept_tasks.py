"""Keeps an uploaded task set in the models folder, beside what is there already."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.evaluation.tasks.own.description import NAMES
from mergelab.runtime.folders.models_folder import place_inside, told_outside
from mergelab.ui.session.task_sets.uploads import SPARE

FOLDER = "task-sets"
"""The folder of kept task sets in the models folder."""
MOST_KEPT = 1_000
"""How many task sets are kept there."""


def keep_task(given: GivenTask, text: str, models_dir: Path) -> str:
    """Copy the files of an uploaded task set to a new folder with `text` as its task.yml; nothing is overwritten.

    Returns the new folder's path in the models folder, by which the task set can be named from then on. Raises `TaskError` if
    there is no room.
    """
    source = Path(given.reference)
    files = [source] if source.is_file() else sorted(file for file in source.iterdir() if file.is_file())
    room = place_inside(models_dir, models_dir / FOLDER)
    if room is None:
        raise TaskError(told_outside(models_dir / FOLDER))
    try:
        room.mkdir(exist_ok=True)
        if shutil.disk_usage(room).free < SPARE + sum(file.stat().st_size for file in files):
            raise TaskError("there is no room left in the models folder, so the task set was not kept")
        folder = _new_folder(room, source.stem if source.is_file() else source.name)
        _fill(folder, [file for file in files if file.name not in NAMES], text)
    except OSError as error:
        raise TaskError(f"the task set was not kept in the models folder: {error.strerror or error}") from error
    return f"{FOLDER}/{folder.name}"


def _new_folder(room: Path, name: str) -> Path:
    """A folder that nobody had: `name`, or the same with the next free number."""
    if sum(1 for _ in room.iterdir()) >= MOST_KEPT:
        raise TaskError(f"{FOLDER} in the models folder has {MOST_KEPT:,} task sets already; remove some of them")
    for number in count(1):
        folder = room / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("numbers do not end")


def _fill(folder: Path, files: list[Path], text: str) -> None:
    try:
        for file in files:
            shutil.copyfile(file, folder / file.name)
        (folder / NAMES[0]).write_text(text, encoding="utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
