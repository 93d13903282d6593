"""Differences between two models that answered the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mergelab.evaluation.scores.interval import mean_with_interval
from mergelab.evaluation.scores.looks import z_at
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.score import Score

Verdict = Literal["better", "worse", "negligible", "unclear"]
"""What rows tell of the second model: surely better or worse, as good but for less than the metric's smallest effect, or nothing
of these yet."""


@dataclass(frozen=True)
class PairedDifference:
    """`value` is the second score minus the first on the same `n` rows; [low, high] is its 95 % interval over the sampling
    of rows, corrected for the looks that were taken while rows came in."""

    value: float
    low: float
    high: float
    n: int
    metric: str

    @property
    def verdict(self) -> Verdict:
        """`negligible` if the interval lies within the metric's smallest effect around 0, `unclear` if it includes 0."""
        metric = find_metric(self.metric)
        if max(-self.low, self.high) <= metric.smallest_effect:
            return "negligible"
        if self.low <= 0 <= self.high:
            return "unclear"
        return "better" if (self.value > 0) == metric.higher_is_better else "worse"

    @property
    def is_clear(self) -> bool:
        """Whether the rows tell that one of the two models is better."""
        return self.verdict in ("better", "worse")

    @property
    def excludes_zero(self) -> bool:
        """Whether the rows tell the two models apart, by however little."""
        return not self.low <= 0 <= self.high

    @property
    def words(self) -> str:
        """The verdict for a person."""
        told = {"negligible": "no difference worth a name", "unclear": f"not separable with {self.n:,} examples"}
        return told.get(self.verdict, self.verdict)


def paired_difference(first: Score, second: Score) -> PairedDifference | None:
    """`second` minus `first` on the rows that both have answered so far. The looks are those at `second`.

    None if they did not answer rows of the same split of the same task, or if the answers are not kept.
    """
    one, other = first.answers, second.answers
    if one is None or other is None or (first.task, one.rows, first.metric) != (second.task, other.rows, second.metric):
        return None
    n = min(one.n, other.n)
    z = z_at(n, max(first.asked, second.asked), second.first)
    found = find_metric(first.metric).difference(one.marks[:n], other.marks[:n], z)
    return PairedDifference(found.value, found.low, found.high, n, first.metric)


def mean_difference(differences: Sequence[PairedDifference]) -> PairedDifference:
    """The unweighted mean over tasks whose metric is a share of rows; `n` is the total number of rows.

    Each task has rows of its own, so the tasks are independent, and their intervals combine as in `mean_score`: by the root
    of the sum of squared distances to each end, divided by the number of tasks (Zou & Donner 2008).
    """
    if not differences:
        raise ValueError("a mean needs at least one difference")
    mean = mean_with_interval(differences)
    rows, metrics = sum(each.n for each in differences), sorted({each.metric for each in differences})
    return PairedDifference(mean.value, mean.low, mean.high, rows, "/".join(metrics))
