"""Whether cells in which experts conflict are those that damage a merge: the rank correlation of the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy

from mergelab.analysis.damage.damage_map import DamageMap
from mergelab.evaluation.scores.interval import Estimate
from mergelab.evaluation.scores.metrics import find_metric

FEWEST = 4
"""Cells that an interval needs: its standard error divides by the number of cells minus 3."""


@dataclass(frozen=True)
class ConflictCorrelation:
    """Spearman's correlation over `n` cells, with a 95 % interval that takes cells as independent."""

    estimate: Estimate
    n: int


def conflict_correlation(found: DamageMap) -> ConflictCorrelation | None:
    """The rank correlation of each cell's number of conflicting weights, by which the heatmap ranks, with its mean damage.

    Cells whose damage or conflict is unknown are left out. None if fewer than four are left, or if one of the two figures is
    equal in all of them, so that nothing is ranked. The interval is that of `Spearman`.
    """
    known = [(cell.conflicting, found.damage(cell)) for cell in found.cells]
    pairs = [(float(conflict), damage.value) for conflict, damage in known if conflict is not None and damage]
    marks = numpy.array(pairs, dtype=numpy.float64).reshape(-1, 2)
    if len(marks) < FEWEST or any(len(numpy.unique(column)) < 2 for column in marks.T):
        return None
    return ConflictCorrelation(find_metric("Spearman correlation").estimate(marks), len(marks))


def correlation_sentence(found: DamageMap) -> str:
    """The correlation in one sentence, or why there is none."""
    correlation = conflict_correlation(found)
    if correlation is None:
        return "There is no rank correlation of conflict and damage: it takes four cells with a known figure, and differences among them."
    each = correlation.estimate
    return (
        f"Over {correlation.n} cells, the rank correlation (Spearman) of conflicting weights with mean damage is "
        f"{_signed(each.value)}, 95 % interval {_signed(each.low)} to {_signed(each.high)} (Fisher’s z, cells taken as independent)."
    )


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
