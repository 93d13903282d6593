"""Figures of the agreement between the changes of two experts."""

from __future__ import annotations

import math

from mergelab.analysis.static.figures.figure_registry import pair_figure, share
from mergelab.analysis.static.moments import Moments


@pair_figure(
    "cosine",
    "⟨dᵢ, dⱼ⟩ / (‖dᵢ‖ ‖dⱼ‖)",
    tells="0: the experts moved in unrelated directions; 1: in the same direction; −1: in opposite directions",
    unit="−1 … 1",
    source="Ilharco et al. 2023, arXiv:2212.04089",
    otherwise="one of the two changes nothing here",
)
def cosine(sums: Moments, i: int, j: int) -> float:
    """The cosine between two deltas."""
    norms = math.sqrt(float(sums.squares[i])) * math.sqrt(float(sums.squares[j]))
    return share(float(sums.products[i + 1, j + 1]), norms)


@pair_figure(
    "conflict among shared weights",
    "among the weights that both experts change, the share in which their signs differ",
    tells="how often the two experts pull in opposite directions; 0.5 by chance",
    unit="share",
    source="Yadav et al. 2023, arXiv:2306.01708",
    otherwise="the two change no weight in common",
)
def conflict(sums: Moments, i: int, j: int) -> float:
    """The share of opposite signs among the weights that both change."""
    return share(int(sums.opposed[i, j]), int(sums.shared[i, j]))


@pair_figure(
    "sign mismatch",
    "share of all entries with sign dᵢ ≠ sign dⱼ, where 0 is a sign of its own",
    tells="MergeLens calls it sign disagreement; an unchanged entry against a changed one counts as a mismatch",
    unit="share",
)
def sign_mismatch(sums: Moments, i: int, j: int) -> float:
    """The share of entries whose signs differ, with 0 as a sign of its own."""
    shared, opposed = int(sums.shared[i, j]), int(sums.opposed[i, j])
    one_sided = 2 * sums.entries - int(sums.zero[i]) - int(sums.zero[j]) - 2 * shared
    return share(opposed + one_sided, sums.entries)
