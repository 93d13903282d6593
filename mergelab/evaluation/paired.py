"""Differences between two models that answered the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mergelab.evaluation.evaluate import Score, mean_with_interval, wilson


@dataclass(frozen=True)
class PairedDifference:
    """`value` is the second accuracy minus the first on the same `n` rows; [low, high] is its 95 % interval over the sampling
    of rows."""

    value: float
    low: float
    high: float
    n: int

    @property
    def is_clear(self) -> bool:
        """Whether the rows tell the two models apart: the interval excludes 0."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class PairedCounts:
    """How many rows both models answer rightly, only the second, only the first, and neither."""

    both: int
    second: int
    first: int
    neither: int

    @property
    def n(self) -> int:
        """The number of rows."""
        return self.both + self.second + self.first + self.neither


def paired_difference(first: Score, second: Score) -> PairedDifference | None:
    """`second` minus `first`; None if they did not answer the same rows of the same task, or if the answers are not kept."""
    one, other = first.answers, second.answers
    if one is None or other is None or (first.task, one.rows) != (second.task, other.rows):
        return None
    a, b = one.right, other.right
    return newcombe(PairedCounts(int((a & b).sum()), int((~a & b).sum()), int((a & ~b).sum()), int((~a & ~b).sum())))


def newcombe(counts: PairedCounts) -> PairedDifference:
    """The difference with Newcombe's paired interval from Wilson's: method 10 in "Improved confidence intervals for the
    difference between binomial proportions based on paired data", Statistics in Medicine 17, 1998.

    Two models agree on most rows, and only the rows on which they differ say which is better. An interval that knows this is
    much narrower than two separate ones suggest, whose overlap therefore proves nothing. This one is made of the intervals
    that stand beside the single scores; it has width where a model answers all rows rightly and where both answer alike, and
    keeps near 95 % coverage for few rows. McNemar's test gives no interval, and Wald's interval is empty if both answer alike.
    A bootstrap says the same up to its own noise. If both answers vary alike (correlation `phi`), the errors cancel.
    """
    n, right_first, right_second = counts.n, counts.both + counts.first, counts.both + counts.second
    first, second = right_first / n, right_second / n
    (low_first, high_first), (low_second, high_second) = wilson(right_first, n), wilson(right_second, n)
    phi, value = _correlation(counts), (counts.second - counts.first) / n
    below = _distance(second - low_second, high_first - first, phi)
    above = _distance(high_second - second, first - low_first, phi)
    return PairedDifference(value, value - below, value + above, n)


def mean_difference(differences: Sequence[PairedDifference]) -> PairedDifference:
    """The unweighted mean over tasks; `n` is the total number of rows.

    Each task has rows of its own, so the tasks are independent, and their intervals combine as in `mean_score`: by the root
    of the sum of squared distances to each end, divided by the number of tasks (Zou & Donner 2008).
    """
    if not differences:
        raise ValueError("a mean needs at least one difference")
    return PairedDifference(*mean_with_interval(differences), sum(each.n for each in differences))


def _correlation(counts: PairedCounts) -> float:
    """Phi of the two models' answers, with Newcombe's continuity correction; 0 if one model answers all rows alike."""
    margins = (
        (counts.both + counts.second)
        * (counts.first + counts.neither)
        * (counts.both + counts.first)
        * (counts.second + counts.neither)
    )
    product = counts.both * counts.neither - counts.second * counts.first
    corrected = max(product - counts.n / 2, 0.0) if product > 0 else float(product)
    return corrected / math.sqrt(margins) if margins else 0.0


def _distance(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(one * one - 2 * phi * one * other + other * other, 0.0))
