"""The jobs that look at a task set of a person's own."""

from __future__ import annotations

from pathlib import Path

from mergelab.evaluation.tasks.own.shown_rows import ShownRow, shown_rows
from mergelab.evaluation.tasks.own.task_check import TaskReport
from mergelab.evaluation.tasks.own.task_check import check_task as checked
from mergelab.runtime.progress import Progress, ProgressGen


def check_task(task: str, head: str | None = None, models_dir: str | None = None) -> ProgressGen[TaskReport]:
    """Check all rows of a task set (a file, a folder, a data set of the Hub), answered by `head` if it is given."""
    yield Progress("Reading the rows", 0, 1)
    return checked(task, head, _folder(models_dir))


def show_task(
    task: str, split: str = "validation", rows: int = 5, head: str | None = None, models_dir: str | None = None
) -> ProgressGen[list[ShownRow]]:
    """The first rows of a split as the model will see them."""
    yield Progress("Reading the rows", 0, 1)
    return shown_rows(task, split, rows, head, _folder(models_dir))


def _folder(models_dir: str | None) -> Path | None:
    return Path(models_dir) if models_dir else None
