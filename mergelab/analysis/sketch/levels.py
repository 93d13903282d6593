"""Survival levels: the position of a sparsifier's knob from which on it keeps an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mergelab.analysis.sketch.curves import BIN_ERROR, GRID
from mergelab.linalg import sqrt
from mergelab.methods.sparsifiers.della import della

POINTS = f"{100 * BIN_ERROR:g} points of density"
UNNEEDED = 0.81
"""The position from which on consensus keeps no more. Entries that matter to too few experts for any threshold lie above."""
Knobs = Mapping[str, Any]


@dataclass(frozen=True)
class Levels:
    """How the survivors of a sparsifier grow with one of its knobs, entry by entry.

    `of` computes the levels, float64 in [0, 1], from float32 deltas (n_models, *shape), their random draws and the knobs: an
    entry is kept iff its level is at most `position(value of knob)`. Entries that are never kept have level 1, so that the
    end of a curve counts everything. `error` describes the error in that value from the sketch's bins. `given` names the
    other knobs that levels depend on, and `fits` the knobs for which they hold. `notice` says why no line separates kept
    from dropped entries by size. `by_draw` is True if an entry's level follows from the upper half of its draw alone, as in
    `draw_levels`.
    """

    of: Callable[[Tensor, Tensor | None, Knobs], Tensor]
    notice: str
    knob: str = "density"
    position: Callable[[float], float] = float
    error: Callable[[float], str] = lambda value: POINTS
    given: tuple[str, ...] = ()
    fits: Callable[[Knobs], bool] = lambda knobs: True
    by_draw: bool = False


def rank_levels(histogram: Tensor, count: int, outliers: float = 0.0) -> Tensor:
    """The level of each bin of magnitudes, whose entries `histogram` counts, float64 (n_models, BINS).

    Of `count` entries, the largest floor(outliers · count) are dropped and the next round(density · count) kept; if there
    are not enough, fewer are dropped. The entries of a bin are all kept from its first entry on, like equal magnitudes.
    """
    last = histogram.flip(1).cumsum(1).flip(1)
    first, gone = last - histogram + 1, int(outliers * count)
    wanted = torch.where(last > gone, (first - gone).clamp(min=1), count - last + 1)
    return (wanted - 0.5) / max(count, 1)


def draw_levels(halves: Tensor) -> Tensor:
    """The levels of draws from their upper halves, float64; the lower halves would change them by less than 2^-16."""
    return (halves + 1).double() / 2**16


def level_bins(levels: Tensor) -> Tensor:
    """The grid's bins of levels, int16; levels above 1 are never reached."""
    return (GRID * sqrt(levels)).ceil().clamp(1, GRID + 1).to(torch.int16)


def _drawn(deltas: Tensor, draws: Tensor | None, knobs: Knobs) -> Tensor:
    assert draws is not None
    return draw_levels(draws >> 16)


def _drawn_by_rank(deltas: Tensor, draws: Tensor | None, knobs: Knobs) -> Tensor:
    assert draws is not None
    # With draws of 0 all entries survive, divided by their probability; that gives the probability.
    told = della(
        deltas, density=0.5, epsilon=knobs["epsilon"], rescale="element", draws=torch.zeros_like(draws)
    ).double()
    advantage = torch.where(told == 0, 0.0, deltas.double() / told) - 0.5
    return ((draws + 1).double() / 2**32 - advantage).clamp(0, 1)


def _agreed(deltas: Tensor, draws: Tensor | None, knobs: Knobs) -> Tensor:
    """An entry matters to an expert as long as |d| > threshold · |rest|; it is kept as long as it matters to enough experts."""
    own, rest, needed = deltas.abs(), (deltas.sum(0) - deltas).abs(), int(knobs["min_models"])
    levels = torch.where(own > 0, UNNEEDED * rest.double() / (own.double() + rest), 1.0)
    if needed > len(deltas):
        return torch.ones_like(levels)
    return levels.sort(0).values[needed - 1].expand_as(levels)


LEVELS: dict[str, Levels] = {
    "dare": Levels(
        _drawn,
        "Survivors are drawn at random, so size does not decide and there is no line.",
        fits=lambda knobs: knobs["target"] == "delta",
        by_draw=True,
    ),
    "della": Levels(
        _drawn_by_rank,
        "Survivors are drawn at random, the large changes of a row with better odds, so there is no line.",
        given=("epsilon",),
    ),
    "consensus": Levels(
        _agreed,
        "An entry is kept if it matters to enough experts, whatever its size, so there is no line.",
        knob="threshold",
        position=lambda threshold: UNNEEDED / (1 + threshold),
        error=lambda threshold: f"{BIN_ERROR / UNNEEDED * (1 + threshold) ** 2:.2g} of the threshold",
        given=("min_models",),
    ),
}
"""Sparsifiers that do not choose by rank. Others get a sketch for every setting of their knobs."""
