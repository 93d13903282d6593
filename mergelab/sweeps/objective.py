"""What a sweep makes large: one figure from the scores of a merge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy

from mergelab.evaluation.scores import Answers, Score, mean_score
from mergelab.evaluation.scores.interval import Estimate
from mergelab.evaluation.scores.metrics import Marks, find_metric
from mergelab.methods.knobs import nearest
from mergelab.sweeps.sweep_error import SweepError

TASK = "task:"
MEAN, WORST, NORMALISED = "mean", "worst", "normalised"
NAMES = (MEAN, WORST, NORMALISED)
DRAWS = 2000
"""Bootstrap samples of a difference of worst tasks."""

Scores = Mapping[str, Score]


class SweepObjective(Protocol):
    """A figure of a merge's scores by task; more is better."""

    @property
    def name(self) -> str:
        """How the sweep's file calls it."""

    def value(self, scores: Scores) -> float:
        """The figure."""

    def score(self, scores: Scores) -> Score | None:
        """The same as a score, as people write it; None for a figure that is more than that, such as a mean relative to experts."""

    def error(self, scores: Scores) -> float:
        """Half of the width of the figure's 95 % interval over the sampling of rows."""

    def difference(self, first: Scores, second: Scores, z: float) -> Estimate:
        """The second figure minus the first on the rows that both answered, within `z` standard errors."""


@dataclass(frozen=True)
class WeightedSum:
    """The sum of the scores, each times its weight."""

    name: str
    weights: Mapping[str, float]

    def value(self, scores: Scores) -> float:
        return sum(weight * scores[task].value for task, weight in self.weights.items())

    def score(self, scores: Scores) -> Score | None:
        if len(self.weights) > 1:
            return mean_score([scores[task] for task in self.weights]) if self.name == MEAN else None
        (task,) = self.weights
        return None if self.name == NORMALISED else scores[task]

    def error(self, scores: Scores) -> float:
        return math.hypot(*(weight * _half(scores[task]) for task, weight in self.weights.items()))

    def difference(self, first: Scores, second: Scores, z: float) -> Estimate:
        """Rows of different tasks are independent, so the distances to the ends add like standard errors (Zou & Donner 2008)."""
        found = [(weight, _paired(first[task], second[task], z)) for task, weight in self.weights.items()]
        value = sum(weight * each.value for weight, each in found)
        ends = [
            (weight * each.low, weight * each.high) if weight > 0 else (weight * each.high, weight * each.low)
            for weight, each in found
        ]
        below = math.hypot(*(weight * each.value - low for (weight, each), (low, _) in zip(found, ends, strict=True)))
        above = math.hypot(*(high - weight * each.value for (weight, each), (_, high) in zip(found, ends, strict=True)))
        return Estimate(value, value - below, value + above)


@dataclass(frozen=True)
class WorstTask:
    """The smallest of the scores, which are shares of rows."""

    tasks: tuple[str, ...]
    name: str = WORST

    def value(self, scores: Scores) -> float:
        return self.score(scores).value

    def score(self, scores: Scores) -> Score:
        return min((scores[task] for task in self.tasks), key=lambda score: score.value)

    def error(self, scores: Scores) -> float:
        return _half(self.score(scores))

    def difference(self, first: Scores, second: Scores, z: float) -> Estimate:
        """A paired bootstrap: rows are drawn once for both, and the worst task of each may be another one in each draw."""
        draws = numpy.random.default_rng(0)
        lowest = numpy.full((2, DRAWS), numpy.inf)
        for task in self.tasks:
            marks = numpy.stack(_marks(first[task], second[task]))[:, :, 0]
            rows = draws.integers(marks.shape[1], size=(DRAWS, marks.shape[1]))
            lowest = numpy.minimum(lowest, marks[:, rows].mean(axis=2))
        tail = 0.5 * math.erfc(z / math.sqrt(2))
        low, high = numpy.quantile(lowest[1] - lowest[0], [tail, 1 - tail])
        return Estimate(self.value(second) - self.value(first), float(low), float(high))


def read_objective(name: str, tasks: Mapping[str, str], references: Mapping[str, float]) -> SweepObjective:
    """The objective of a sweep's file: `mean`, `worst`, `normalised` or `task:NAME`.

    `tasks` gives the metric of each task, `references` the score of its expert. `mean` and `worst` take the tasks that are
    scored by shares of rows; `normalised` is their mean relative to the expert of each. Raises `SweepError`.
    """
    if name.startswith(TASK):
        return _of_task(name, tasks)
    shares = tuple(task for task, metric in tasks.items() if find_metric(metric).is_share)
    if name not in NAMES:
        raise SweepError(f"there is no objective {name!r}{nearest(name, (*NAMES, f'{TASK}NAME'))}")
    if not shares:
        raise SweepError(
            f"{name} needs a task that is scored by a share of rows; use {TASK}NAME with one of {', '.join(tasks)}"
        )
    if name == WORST:
        return WorstTask(shares)
    if name == MEAN:
        return WeightedSum(name, dict.fromkeys(shares, 1 / len(shares)))
    missing = [task for task in shares if references.get(task, 0.0) <= 0.0]
    if missing:
        raise SweepError(
            f"normalised needs the score of an expert above 0 on each task, but {', '.join(missing)} has none"
        )
    return WeightedSum(name, {task: 1 / (len(shares) * references[task]) for task in shares})


def _of_task(name: str, tasks: Mapping[str, str]) -> SweepObjective:
    task = name.removeprefix(TASK)
    if task not in tasks:
        raise SweepError(f"there is no task {task!r}{nearest(task, tasks)}")
    return WeightedSum(name, {task: 1.0 if find_metric(tasks[task]).higher_is_better else -1.0})


def _half(score: Score) -> float:
    return (score.high - score.low) / 2


def _paired(first: Score, second: Score, z: float) -> Estimate:
    one, other = _marks(first, second)
    return find_metric(first.metric).difference(one, other, z)


def _marks(first: Score, second: Score) -> tuple[Marks, Marks]:
    """The marks on the rows that both answered."""
    one, other = _answers(first), _answers(second)
    n = min(one.n, other.n)
    return one.marks[:n], other.marks[:n]


def _answers(score: Score) -> Answers:
    assert score.answers is not None, "scores of a sweep keep their answers"
    return score.answers
