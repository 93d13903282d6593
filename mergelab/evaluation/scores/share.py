"""Shares of rows that are answered rightly, with Wilson's interval and Newcombe's for a paired difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mergelab.evaluation.scores.interval import Estimate, Z
from mergelab.evaluation.scores.metrics import Marks, Metric
from mergelab.evaluation.scores.notation import SHARES, Notation


class Share(Metric):
    """The share of rows whose only mark is 1; the others' is 0."""

    is_share = True

    @property
    def notation(self) -> Notation:
        """Per cent and points."""
        return SHARES

    def estimate(self, marks: Marks, z: float = Z) -> Estimate:
        right, n = int(marks[:, 0].sum()), len(marks)
        return Estimate(right / n, *wilson(right, n, z))

    def difference(self, first: Marks, second: Marks, z: float = Z) -> Estimate:
        a, b = first[:, 0] > 0, second[:, 0] > 0
        return newcombe(
            PairedCounts(int((a & b).sum()), int((~a & b).sum()), int((a & ~b).sum()), int((~a & ~b).sum())), z
        )


Share("accuracy")
Share("exact match")
Share("linear probe accuracy")


def wilson(right: int, n: int, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval for `right` out of `n`: within [0, 1], and of nonzero width at the ends."""
    if not 0 <= right <= n or n < 1:
        raise ValueError(f"an interval needs 0 <= right <= n and n >= 1, got right={right}, n={n}")
    share, spread = right / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return (0.0 if right == 0 else centre - half), (1.0 if right == n else centre + half)


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


def newcombe(counts: PairedCounts, z: float = Z) -> Estimate:
    """The second share minus the first, with Newcombe's paired interval from Wilson's: method 10 in "Improved confidence
    intervals for the difference between binomial proportions based on paired data", Statistics in Medicine 17, 1998.

    Two models agree on most rows, and only the rows on which they differ say which is better. An interval that knows this is
    much narrower than two separate ones suggest, whose overlap therefore proves nothing. This one is made of the intervals
    that stand beside the single scores; it has width where a model answers all rows rightly and where both answer alike, and
    keeps near 95 % coverage for few rows. McNemar's test gives no interval, and Wald's interval is empty if both answer alike.
    A bootstrap says the same up to its own noise. If both answers vary alike (correlation `phi`), the errors cancel.
    """
    n, right_first, right_second = counts.n, counts.both + counts.first, counts.both + counts.second
    first, second = right_first / n, right_second / n
    (low_first, high_first), (low_second, high_second) = wilson(right_first, n, z), wilson(right_second, n, z)
    phi, value = _correlation(counts), (counts.second - counts.first) / n
    below = _distance(second - low_second, high_first - first, phi)
    above = _distance(high_second - second, first - low_first, phi)
    return Estimate(value, value - below, value + above)


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
