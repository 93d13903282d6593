"""The first rows of a task set as a model sees them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mergelab.evaluation.kinds import Row
from mergelab.evaluation.tasks.own.own_task import open_task
from mergelab.evaluation.tasks.tables.splits import SPLITS
from mergelab.evaluation.tasks.tables.table import PlacedRow, placed_rows
from mergelab.evaluation.tasks.task_error import TaskError, TaskProblems, listed_texts
from mergelab.evaluation.tasks.task_set import TaskSet


@dataclass(frozen=True)
class ShownRow:
    """A row with its file and line: what the model is asked, its template filled in, and the right answer."""

    place: str
    asked: str
    answer: str


def shown_rows(
    reference: str, split: str, count: int, head: str | None = None, models_dir: Path | None = None
) -> list[ShownRow]:
    """The first `count` rows of `split` in the order of the files. Raises `TaskError` if the split has none."""
    if split not in SPLITS:
        raise TaskError(f"unknown split {split!r}; known: {listed_texts(SPLITS)}")
    task = open_task(reference, models_dir).answered_by((), head, models_dir)
    own = (each for each in placed_rows(task.files, task.spec, TaskProblems()) if each.split == split)
    found = [shown_row(task, each) for each in islice(own, count)]
    if not found:
        raise TaskError(f"{task.name} has no {split} rows; choose another split")
    return found


def shown_row(task: TaskSet, placed: PlacedRow) -> ShownRow:
    """One row as the model sees it."""
    row = placed.row
    return ShownRow(placed.place, task.asked.shown(row, task.chosen, task.lent), row.reference or _label(task, row))


def _label(task: TaskSet, row: Row) -> str:
    """The right class or number; empty text for kinds whose rows are only read."""
    if task.asked.has_classes:
        return task.labels[int(row.label)]
    return f"{row.label:g}" if len(task.asked.columns) > 1 else ""
