"""The rows of a task with what base, experts and merged model answered, and which of them are worth a look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from mergelab.evaluation.kinds import Answer, Row
from mergelab.evaluation.scores import Answers
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.tasks import TaskSet

BASE, OWN, MERGED = "base", "own", "merged"
"""Who answers: the base, the task's own expert, the merged model. Other experts answer under their own names."""


@dataclass(frozen=True)
class AnsweredRow:
    """`number` is the row's place in its split as stored, from 1, and `place` its file and line, "" where nobody reads these. `answers` are by `BASE`, `OWN`, `MERGED` and the names of
    other experts, as far as known."""

    number: int
    row: Row
    answers: Mapping[str, Answer]
    place: str = ""

    def is_right(self, who: str) -> bool | None:
        """Whether this model answered rightly; None if its answer is not known. Only for metrics that are shares of rows."""
        answer = self.answers.get(who)
        return None if answer is None else answer.marks[0] > 0

    @property
    def experts_are_right(self) -> set[bool]:
        """Which of right and wrong there is among the known answers of experts."""
        return {answer.marks[0] > 0 for who, answer in self.answers.items() if who not in (BASE, MERGED)}


Filter = Callable[[AnsweredRow], bool]
FILTERS: dict[str, tuple[str, Filter]] = {
    "all": ("All", lambda _: True),
    "lost": ("Expert right, merged wrong", lambda row: True in row.experts_are_right and row.is_right(MERGED) is False),
    "won": (
        "Merged right, expert wrong",
        lambda row: row.experts_are_right == {False} and row.is_right(MERGED) is True,
    ),
    "wrong": ("Merged wrong", lambda row: row.is_right(MERGED) is False),
}
"""Which rows are worth a look, by name: a title and a test. Among several experts one must be right, or all of them wrong. A
task whose metric is no share of rows has only "all"."""


def answered_rows(task: TaskSet, split: str, answers: Mapping[str, Answers]) -> list[AnsweredRow]:
    """The rows that the merged model has answered, in the order in which models are asked.

    Answers to other rows than those of this split today are left out, as are those of models that were not asked.
    """
    stored = task.rows(split)
    mixed, numbers, places = stored.mixed, stored.order.tolist(), task.places(split)
    each = {who: found.each for who, found in answers.items() if found.rows == mixed.digest()}
    return [
        AnsweredRow(
            numbers[place] + 1,
            mixed.row(place),
            {who: found[place] for who, found in each.items() if place < len(found)},
            places[numbers[place]] if places else "",
        )
        for place in range(len(each.get(MERGED, ())))
    ]


def filters_of(task: TaskSet) -> dict[str, tuple[str, Filter]]:
    """The filters that have a meaning for a task, by name."""
    return FILTERS if find_metric(task.metric).is_share else {"all": FILTERS["all"]}


def confusion(rows: list[AnsweredRow], labels: tuple[str, ...]) -> NDArray[numpy.int64]:
    """How often the merged model answered each class (columns) where each class is right (rows): (labels, labels)."""
    counts = numpy.zeros((len(labels), len(labels)), dtype=numpy.int64)
    for each in rows:
        given = each.answers[MERGED].given
        if isinstance(given, int):
            counts[int(each.row.label), given] += 1
    return counts
