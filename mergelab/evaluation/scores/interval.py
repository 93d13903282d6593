"""A figure with its confidence interval, and the mean of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal: ±Z contains 95 %."""


class HasInterval(Protocol):
    """A figure with its 95 % interval."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


@dataclass(frozen=True)
class Estimate:
    """`value`, and the ends of its confidence interval over the sampling of rows."""

    value: float
    low: float
    high: float


def mean_with_interval(figures: Sequence[HasInterval]) -> Estimate:
    """The mean of independent figures, and the ends of its interval: each is as far from the mean as the root of the sum of
    squares of the figures' own distances, divided by their number."""
    count = len(figures)
    value = sum(each.value for each in figures) / count
    below = math.hypot(*(each.value - each.low for each in figures)) / count
    above = math.hypot(*(each.high - each.value for each in figures)) / count
    return Estimate(value, value - below, value + above)
