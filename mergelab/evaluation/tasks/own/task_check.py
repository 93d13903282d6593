"""Checks a task set row by row: what it is, what its splits hold, and everything that is wrong with it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

from mergelab.evaluation.task_models.probing import training_rows
from mergelab.evaluation.tasks.own.own_task import open_task
from mergelab.evaluation.tasks.tables.splits import SPLITS
from mergelab.evaluation.tasks.tables.table import PlacedRow, placed_rows
from mergelab.evaluation.tasks.task_error import TaskError, TaskProblems
from mergelab.evaluation.tasks.task_set import TaskSet

MOST_PROBLEMS = 20
"""The most problems that are told at once."""


@dataclass(frozen=True)
class TaskReport:
    """What a task set is, and its `problems`, one sentence each.

    `columns` pairs the kind's columns with the table's. `rows` counts by split, `classes` by split and class name (none for
    kinds without class names), `duplicates` by two splits ("calibration and test") the questions that are in both. `head` is
    "" while none is named. With problems, the counts are those of the rows that could be read; `more` counts the problems
    beyond the first `MOST_PROBLEMS`.
    """

    name: str
    kind: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[str] = ()
    head: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    classes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    duplicates: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    problems: Sequence[str] = ()
    more: int = 0

    @property
    def told(self) -> tuple[str, ...]:
        """The problems, and how many there are beyond them."""
        return (*self.problems, *([f"and {self.more:,} more problems"] if self.more else []))


@dataclass(frozen=True)
class CheckedTask:
    """The report on a task set, and the rows that could be read; `task` is None if it could not be opened."""

    report: TaskReport
    task: TaskSet | None = None
    placed: Sequence[PlacedRow] = ()


def check_task(reference: str, head: str | None = None, models_dir: Path | None = None) -> TaskReport:
    """Read all rows of the task set that `reference` names; all problems are counted, and the first `MOST_PROBLEMS` kept."""
    problems = TaskProblems(MOST_PROBLEMS, counts_on=True)
    try:
        task = open_task(reference, models_dir, problems).answered_by((), head, models_dir)
    except TaskError as error:
        return refused(reference, error)
    return checked_rows(task, problems).report


def refused(name: str, error: TaskError) -> TaskReport:
    """The report on a task set that could not be opened."""
    kept = error.problems[:MOST_PROBLEMS]
    return TaskReport(name, problems=kept, more=error.more + len(error.problems) - len(kept))


def checked_rows(task: TaskSet, problems: TaskProblems) -> CheckedTask:
    """Read all rows of an opened task set. Too few of them to train the linear probe that answers are a problem."""
    placed: list[PlacedRow] = []
    try:
        for row in placed_rows(task.files, task.spec, problems):
            placed.append(row)
        problems.raise_if_any()
        if task.asked.is_probe:
            training_rows(task)
    except TaskError as error:
        found = refused(task.name, error)
        return CheckedTask(replace(_report(task, placed), problems=found.problems, more=found.more), task, placed)
    return CheckedTask(_report(task, placed), task, placed)


def _report(task: TaskSet, placed: Sequence[PlacedRow]) -> TaskReport:
    counts = Counter(each.split for each in placed)
    rows = {split: counts[split] for split in SPLITS}
    return TaskReport(
        name=task.name,
        kind=task.kind,
        columns=dict(task.columns),
        labels=task.labels,
        head=task.head,
        rows=rows,
        classes=_classes(task, placed) if task.asked.has_classes else {},
        duplicates=_duplicates(placed),
        notes=[*task.notes, *_missing(rows)],
    )


def _classes(task: TaskSet, placed: Sequence[PlacedRow]) -> dict[str, dict[str, int]]:
    counts = Counter((each.split, int(each.row.label)) for each in placed)
    return {
        split: {label: counts[split, number] for number, label in enumerate(task.labels)}
        for split in SPLITS
        if any(each.split == split for each in placed)
    }


def _duplicates(placed: Sequence[PlacedRow]) -> dict[str, int]:
    """The number of questions that are in both of two splits."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in placed:
        found[each.split].add(json.dumps(each.row.input))
    pairs = {f"{one} and {other}": len(found[one] & found[other]) for one, other in combinations(SPLITS, 2)}
    return {pair: count for pair, count in pairs.items() if count}


def _missing(rows: Mapping[str, int]) -> list[str]:
    """What cannot be done with splits that have no rows."""
    use = {
        "calibration": "so it cannot calibrate fisher, regmean and adamerging",
        "validation": "so no knob can be chosen by scores, and `mergelab evaluate` needs --split test",
        "test": "so results cannot be reported on rows that no knob was tuned on",
    }
    return [f"there are no {split} rows, {use[split]}" for split in SPLITS if not rows[split] and any(rows.values())]
