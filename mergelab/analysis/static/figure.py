"""A figure: its name, owner and value, or the reason why it was skipped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy
import pandas

MEASURED, SKIPPED = "measured", "skipped"
ALL = "all experts"
"""The owner of a figure that belongs to no single expert or pair."""


@dataclass(frozen=True)
class Figure:
    """One figure. `name` is a key of `DEFINITIONS`; `of` is an expert, a pair as in `pair_name`, or `ALL`.

    A figure without a value (NaN) has a `reason`; a figure with a value has none.
    """

    name: str
    of: str
    value: float
    reason: str = ""

    @property
    def status(self) -> str:
        """`MEASURED` or `SKIPPED`."""
        return SKIPPED if self.reason else MEASURED


def figure(name: str, of: str, value: float, otherwise: str) -> Figure:
    """A measured figure or, if the value is NaN, a skipped one with the reason `otherwise`."""
    return skipped(name, of, otherwise) if math.isnan(value) else Figure(name, of, value)


def skipped(name: str, of: str, reason: str) -> Figure:
    """A figure without a value."""
    return Figure(name, of, math.nan, reason)


def pair_name(first: str, second: str) -> str:
    """The name of a pair of experts."""
    return f"{first} × {second}"


def pairs_among(experts: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Every pair (i, j), i < j, with its name."""
    for i, j in combinations(range(len(experts)), 2):
        yield i, j, pair_name(experts[i], experts[j])


def mean_of(values: pandas.Series[float]) -> float:
    """The mean of the values that are not NaN, with the same bits for every order of experts; NaN if there are none."""
    known = numpy.sort(values.dropna().to_numpy())
    return float(known.mean()) if len(known) else math.nan


def all_skipped(names: Iterable[str], whose: Iterable[str], reason: str) -> list[Figure]:
    """A skipped figure for each of `names` and each of `whose`."""
    owners = list(whose)
    return [skipped(name, of, reason) for name in names for of in owners]
