"""The labels that occur in the rows of a classification."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.evaluation.tasks.tables.records import records
from mergelab.evaluation.tasks.tables.table import Part
from mergelab.evaluation.tasks.task_error import TaskProblems

MOST_LABELS = 1_000
"""The most different labels; a column with more of them holds something else."""


def label_values(parts: Sequence[Part], column: str, problems: TaskProblems) -> tuple[str, ...]:
    """The different values of `column`, sorted: whole numbers by size, after them names. Others are no labels."""
    found: set[str] = set()
    for _, path in parts:
        for record in records(path, problems):
            value = record.cells.get(column)
            if type(value) in (str, int):
                found.add(str(value))
            if len(found) > MOST_LABELS:
                problems.stop(
                    f"{record.place}: column {column!r} has more than {MOST_LABELS:,} different values, so they are no class names; "
                    "choose another column under `columns` in task.yml"
                )
    return tuple(sorted(found, key=lambda label: (0, int(label), "") if is_number(label) else (1, 0, label)))


def is_number(label: str) -> bool:
    """Whether a label is the number of a class."""
    return label.isascii() and label.isdigit()
