"""Every figure that sums over entries give: of one tensor, of a layer or of a model."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.analysis.static.figure import Figure, figure, pairs_among
from mergelab.analysis.static.figures import EXPERT_FIGURES, PAIR_FIGURES
from mergelab.analysis.static.moments import Moments


def agreement(sums: Moments, experts: Sequence[str]) -> list[Figure]:
    """The registered figures of each expert, then of each pair. `experts` are in the order of the sums."""
    own = [
        figure(name, expert, each.value(sums, i), each.otherwise)
        for i, expert in enumerate(experts)
        for name, each in EXPERT_FIGURES.items()
    ]
    shared = [
        figure(name, pair, each.value(sums, i, j), each.otherwise)
        for i, j, pair in pairs_among(experts)
        for name, each in PAIR_FIGURES.items()
    ]
    return own + shared
