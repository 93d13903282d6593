"""How far each expert moved from the base, and how many of its entries."""

from __future__ import annotations

import math

from mergelab.analysis.static.figures.figure_registry import expert_figure, share
from mergelab.analysis.static.moments import SMALL, Moments


@expert_figure("norm", "‖d‖ = √Σd²", tells="how far the expert moved from the base", unit="weights, ≥ 0")
def norm(sums: Moments, i: int) -> float:
    """The length of the delta."""
    return math.sqrt(float(sums.squares[i]))


@expert_figure(
    "relative norm",
    "‖d‖ / ‖base‖",
    tells="how far the expert moved, relative to the size of the base",
    unit="share, ≥ 0",
    otherwise="the base is 0 here",
)
def relative_norm(sums: Moments, i: int) -> float:
    """The length of the delta, measured by the length of the base."""
    return math.sqrt(share(float(sums.squares[i]), float(sums.products[0, 0])))


@expert_figure(
    "cosine with base",
    "⟨base, expert⟩ / (‖base‖ ‖expert‖)",
    tells="near 1 for ordinary fine-tuning; a much lower value means that the expert hardly descends from this base",
    unit="−1 … 1",
    otherwise="the base or the expert is 0 here",
)
def base_cosine(sums: Moments, i: int) -> float:
    """The cosine of the base with the expert's weights."""
    base, cross, change = (float(sums.products[at]) for at in ((0, 0), (0, i + 1), (i + 1, i + 1)))
    return share(base + cross, math.sqrt(base) * math.sqrt(max(base + 2 * cross + change, 0)))


@expert_figure(
    "small changes",
    f"share of the entries with |d| < {SMALL:g}",
    tells="random drops (DARE) work where nearly all changes are small",
    unit="share",
    source="Yu et al. 2024, arXiv:2311.03099",
)
def small(sums: Moments, i: int) -> float:
    """The share of entries that moved by less than `SMALL`."""
    return share(int(sums.small[i]), sums.entries)


@expert_figure(
    "unchanged",
    "share of the entries with d = 0",
    tells="how many entries training left alone, or rounding to a narrow number format hid",
    unit="share",
)
def unchanged(sums: Moments, i: int) -> float:
    """The share of entries that did not move."""
    return share(int(sums.zero[i]), sums.entries)
