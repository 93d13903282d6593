"""A model's score on a task, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mergelab.evaluation.scores.answers import Answers
from mergelab.evaluation.scores.interval import mean_with_interval
from mergelab.evaluation.scores.looks import FIRST
from mergelab.evaluation.scores.metrics import find_metric


@dataclass(frozen=True)
class Score:
    """`value` of `metric` on the first `n` rows of a task's split; [low, high] is its 95 % interval over the sampling of rows.

    `first` is the number of rows of the first block, `asked` that of all rows that will be asked: with n < asked, the score is still tightening. `answers` are
    those that it was computed from; None for a mean over tasks. `notes` are sentences about how the task was read.
    """

    task: str
    split: str
    metric: str
    value: float
    n: int
    low: float
    high: float
    answers: Answers | None = None
    asked: int = 0
    first: int = FIRST
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all rows have been asked."""
        return self.n >= self.asked

    def on_first(self, n: int) -> Score:
        """The score of the first `n` rows only. A score whose answers are not kept stays as it is."""
        if self.answers is None or n >= self.n:
            return self
        return score(self.task, self.split, self.metric, self.answers.first(n), self.asked, self.first)


def score(task: str, split: str, metric: str, answers: Answers, asked: int | None = None, first: int = FIRST) -> Score:
    """The score of these answers."""
    found = find_metric(metric).estimate(answers.marks)
    asked = answers.n if asked is None else asked
    return Score(task, split, metric, found.value, answers.n, found.low, found.high, answers, asked, first)


def mean_score(scores: Sequence[Score]) -> Score:
    """The unweighted mean over tasks whose metric is a share of rows; `n` is their total number of rows.

    The interval combines the tasks' Wilson intervals, assumed independent: the distance from the mean to its lower end is
    the root of the sum of squares of the tasks' distances, divided by the number of tasks; likewise for the upper end
    ("square-and-add", Newcombe 1998; Zou & Donner 2008). Raises `ValueError` if no task has such a metric.
    """
    shares = [each for each in scores if find_metric(each.metric).is_share]
    if not shares:
        raise ValueError("a mean needs at least one score that is a share of rows")
    mean = mean_with_interval(shares)
    splits, metrics = {score.split for score in shares}, {score.metric for score in shares}
    rows, asked = sum(each.n for each in shares), sum(each.asked for each in shares)
    named = ("/".join(sorted(splits)), "/".join(sorted(metrics)))
    return Score("mean", *named, mean.value, rows, mean.low, mean.high, asked=asked)
