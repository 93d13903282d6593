"""Looks at a task set for a person who may correct it: what was recognised, what could be chosen instead, and some rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds import KINDS
from mergelab.evaluation.tasks.own.answerable import why_unanswered
from mergelab.evaluation.tasks.own.given_task import GivenTask
from mergelab.evaluation.tasks.own.located import Located
from mergelab.evaluation.tasks.own.own_task import OwnTask, recognised_task, table_columns
from mergelab.evaluation.tasks.own.recognise import UnclearError, recognised_columns
from mergelab.evaluation.tasks.own.shown_rows import ShownRow, shown_row
from mergelab.evaluation.tasks.own.task_check import MOST_PROBLEMS, CheckedTask, TaskReport, checked_rows, refused
from mergelab.evaluation.tasks.own.task_text import task_text
from mergelab.evaluation.tasks.task_error import TaskError, TaskProblems
from mergelab.evaluation.tasks.task_set import TaskSet

LOOKED_FOR = ("validation", "test", "calibration")
"""The splits whose rows are shown; the first that has any."""


@dataclass(frozen=True)
class TaskLook:
    """The report on a task set, the columns of its `table`, the first rows of the split that they are from, and the text of
    the task.yml that says all of it."""

    report: TaskReport
    table: Sequence[str] = ()
    split: str = ""
    rows: Sequence[ShownRow] = ()
    text: str = ""

    @property
    def is_clear(self) -> bool:
        """Whether it can be scored."""
        return not self.report.problems


def look_at(given: GivenTask, models: Sequence[Checkpoint], models_dir: Path | None = None, count: int = 5) -> TaskLook:
    """Read all rows of a task set that one of `models` answers, the base first; without any, it has no head yet.

    What is wrong is in the report. A task set whose kind or columns are not clear still has those of its table.
    """
    try:
        located = given.located(models_dir)
        columns = table_columns(located.parts)
    except TaskError as error:
        return TaskLook(refused(given.reference, error))
    problems = TaskProblems(MOST_PROBLEMS, counts_on=True)
    try:
        own = recognised_task(located, columns, problems)
    except TaskError as error:
        return TaskLook(_unclear(located, columns, error), columns)
    checked = checked_rows(_answered(own, given, models, models_dir, problems), problems)
    split, rows = _first_rows(checked, count)
    return TaskLook(checked.report, columns, split, rows, task_text(located, checked.report, given.expert))


def _unclear(located: Located, columns: Sequence[str], error: TaskError) -> TaskReport:
    """The report on a task set whose kind or columns are not clear, with those of its columns that are."""
    said, why = located.description, error.__cause__
    told = TaskError(f"{located.path}: {why.choice}") if isinstance(why, UnclearError) else error
    found = recognised_columns(said.kind, said.columns, columns) if said.kind in KINDS else said.columns
    return replace(refused(located.name, told), kind=said.kind, columns=dict(found))


def _answered(
    own: OwnTask, given: GivenTask, models: Sequence[Checkpoint], models_dir: Path | None, problems: TaskProblems
) -> TaskSet:
    """The task set with the model that answers it; without one that fits, its rows can be read all the same."""
    try:
        task = own.answered_by(models, given.expert or None, models_dir)
        unanswered = why_unanswered(own, task, models)
        if unanswered:
            problems.add(unanswered)
        return task
    except ValueError as error:  # also of a model without class names
        for problem in error.problems if isinstance(error, TaskError) else [str(error)]:
            problems.add(problem)
        return own.unanswered(models)


def _first_rows(checked: CheckedTask, count: int) -> tuple[str, list[ShownRow]]:
    task, splits = checked.task, {each.split for each in checked.placed}
    split = next((name for name in LOOKED_FOR if name in splits), "")
    own = (each for each in checked.placed if each.split == split)
    return split, [shown_row(task, each) for each in islice(own, count)] if task else []
