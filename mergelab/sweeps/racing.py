"""Which points of a sweep go on to more rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mergelab.evaluation.scores.interval import Estimate
from mergelab.evaluation.scores.looks import z_at

T = TypeVar("T")
Found = TypeVar("Found", contravariant=True)


class Compares(Protocol[Found]):
    """What compares points by their scores: an objective, or its mean over seeds."""

    def value(self, found: Found, /) -> float:
        """The figure, of which more is better."""

    def difference(self, first: Found, second: Found, z: float, /) -> Estimate:
        """The second figure minus the first on the rows that both answered."""


@dataclass(frozen=True)
class Race:
    """The rules of a race. All points answer the same first rows; after each block some leave.

    A point leaves if its paired interval to the best lies below 0. The interval is corrected for the looks and, after Bonferroni,
    for the points that run against the best. As far as the intervals hold, the truly best point of a race leaves it with a
    probability of at most 2.5 %.
    With `halving`, the worse half leaves as well (successive halving: Jamieson & Talwalkar 2016). This is quicker, and has no such promise;
    a point that leaves is then perhaps not worse, only not worth more rows.
    """

    halving: bool = True

    def remaining(self, points: Mapping[int, T], objective: Compares[T], n: int, asked: int) -> list[int]:
        """The points that go on, the best first, after `n` of `asked` rows per task. The best always does.

        `points` are the scores of those that are still in the race, all on the same rows.
        """
        order = sorted(points, key=lambda point: (-objective.value(points[point]), point))
        best, others = order[0], order[1:]
        z = z_at(n, asked, tests=max(1, len(others)))
        alive = [point for point in others if objective.difference(points[best], points[point], z).high >= 0]
        if self.halving:
            alive = alive[: max(1, (len(order) + 1) // 2) - 1]
        return [best, *alive]
