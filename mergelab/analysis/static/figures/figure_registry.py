"""The tables of figures that are read from sums: a decorated function is one figure, and brings its definition along."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mergelab.analysis.static.moments import Moments

EXPERT, PAIR, TOGETHER = "an expert", "a pair of experts", "all experts together"
NO_ENTRIES = "it has no entries"

OfExpert = Callable[[Moments, int], float]
"""(sums, the expert's place) -> value, NaN where it is undefined."""
OfPair = Callable[[Moments, int, int], float]
"""(sums, both experts' places) -> value, NaN where it is undefined."""
F = TypeVar("F", bound=Callable[..., float])


@dataclass(frozen=True)
class Definition:
    """`formula` says how a figure is computed, `tells` what it is good for, `unit` its unit and range, `of` whose it is."""

    title: str
    formula: str
    tells: str
    unit: str
    of: str
    source: str = ""


@dataclass(frozen=True)
class SumFigure(Generic[F]):
    """`value` computes the figure; where it is NaN, the figure is skipped for the reason `otherwise`."""

    definition: Definition
    value: F
    otherwise: str


EXPERT_FIGURES: dict[str, SumFigure[OfExpert]] = {}
PAIR_FIGURES: dict[str, SumFigure[OfPair]] = {}


def expert_figure(
    title: str, formula: str, *, tells: str, unit: str, source: str = "", otherwise: str = NO_ENTRIES
) -> Callable[[OfExpert], OfExpert]:
    """Register a function `(sums, i) -> float` as a figure of each expert, under the function's name."""

    def register(value: OfExpert) -> OfExpert:
        definition = Definition(title, formula, tells, unit, EXPERT, source)
        EXPERT_FIGURES[value.__name__] = SumFigure(definition, value, otherwise)
        return value

    return register


def pair_figure(
    title: str, formula: str, *, tells: str, unit: str, source: str = "", otherwise: str = NO_ENTRIES
) -> Callable[[OfPair], OfPair]:
    """Register a function `(sums, i, j) -> float` as a figure of each pair of experts, under the function's name."""

    def register(value: OfPair) -> OfPair:
        definition = Definition(title, formula, tells, unit, PAIR, source)
        PAIR_FIGURES[value.__name__] = SumFigure(definition, value, otherwise)
        return value

    return register


def share(part: float, whole: float) -> float:
    """`part` / `whole`, NaN where the whole is 0."""
    return part / whole if whole else math.nan
