"""Paired intervals by resampling rows, for metrics without a formula."""

from __future__ import annotations

from collections.abc import Callable

import numpy
from numpy.typing import NDArray

from mergelab.evaluation.scores.interval import Estimate

DRAWS = 1000
SEED = 0
"""Draws depend on the number of rows alone, so that the same answers always have the same interval."""

Weights = NDArray[numpy.float64]
"""How often each row was drawn, (draws, rows)."""


def draws(rows: int) -> Weights:
    """How often each of `rows` rows occurs in each of `DRAWS` samples of that size, with replacement."""
    random = numpy.random.default_rng(SEED)
    return random.multinomial(rows, numpy.full(rows, 1 / rows), size=DRAWS).astype(numpy.float64)


def around(value: float, sampled: NDArray[numpy.float64], z: float) -> Estimate:
    """`value` ± z standard deviations of the sampled values; without a second row there is no spread to estimate."""
    spread = z * float(numpy.nanstd(sampled)) if len(sampled) else float("inf")
    return Estimate(value, value - spread, value + spread)


def resampled(rows: int, of: Callable[[Weights], NDArray[numpy.float64]]) -> NDArray[numpy.float64]:
    """The statistic `of` for all samples; empty if there is only one row."""
    return of(draws(rows)) if rows > 1 else numpy.empty(0)
