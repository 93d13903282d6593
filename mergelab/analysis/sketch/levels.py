"""Survival levels: from which place of a rule's knob on it keeps each entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mergelab.analysis.sketch.curves import BIN_ERROR, GRID
from mergelab.methods.sparsifiers.della import della

POINTS = f"{100 * BIN_ERROR:g} points of density"
UNNEEDED = 0.81
"""Where consensus keeps all that it ever keeps; entries that matter to too few lie above, as no threshold brings them in."""
Knobs = Mapping[str, Any]


@dataclass(frozen=True)
class Levels:
    """How the survivors of a sparsifier grow with one of its knobs, entry by entry.

    `of` gives the levels, float64 in [0, 1], of float32 deltas (n_models, *shape), their random draws and the knobs: an
    entry is kept iff its level is at most `place` of the value of `knob`. What may never be kept is at 1, so that the end
    of a curve counts everything. `error` says how near to that value the sketch's bins come, `given` names the other knobs
    that levels depend on, `fits` tells for which knobs they hold. `notice` says why no line divides the kept from the
    dropped by their size. `by_draw` is True where the upper half of its draw alone gives an entry's level, as `draw_levels`.
    """

    of: Callable[[Tensor, Tensor | None, Knobs], Tensor]
    notice: str
    knob: str = "density"
    place: Callable[[float], float] = float
    error: Callable[[float], str] = lambda value: POINTS
    given: tuple[str, ...] = ()
    fits: Callable[[Knobs], bool] = lambda knobs: True
    by_draw: bool = False


def rank_levels(histogram: Tensor, count: int, outliers: float = 0.0) -> Tensor:
    """float64 (n_models, BINS): the level of each bin of magnitudes, of which `histogram` counts the entries.

    Of `count` entries the first floor(outliers · count) by magnitude go and the next round(density · count) stay; where
    there are not so many, fewer go. All of a bin start to be kept with its first entry, as equal magnitudes do.
    """
    last = histogram.flip(1).cumsum(1).flip(1)
    first, gone = last - histogram + 1, int(outliers * count)
    wanted = torch.where(last > gone, (first - gone).clamp(min=1), count - last + 1)
    return (wanted - 0.5) / max(count, 1)


def draw_levels(halves: Tensor) -> Tensor:
    """float64: the levels of draws by their upper halves; the lower ones would tell them apart by 2^-16."""
    return (halves + 1).double() / 2**16


def level_bins(levels: Tensor) -> Tensor:
    """The grid's bins of levels, int16; a level above 1 is never reached."""
    return (GRID * levels.sqrt()).ceil().clamp(1, GRID + 1).to(torch.int16)


def _drawn(deltas: Tensor, draws: Tensor | None, knobs: Knobs) -> Tensor:
    assert draws is not None
    return draw_levels(draws >> 16)


def _drawn_by_rank(deltas: Tensor, draws: Tensor | None, knobs: Knobs) -> Tensor:
    assert draws is not None
    # With draws of 0 all survive and are divided by their probability, which tells it.
    told = della(
        deltas, density=0.5, epsilon=knobs["epsilon"], rescale="element", draws=torch.zeros_like(draws)
    ).double()
    advantage = torch.where(told == 0, 0.0, deltas.double() / told) - 0.5
    return ((draws + 1).double() / 2**32 - advantage).clamp(0, 1)


def _agreed(deltas: Tensor, draws: Tensor | None, knobs: Knobs) -> Tensor:
    """An entry matters to an expert while |d| > threshold · |rest|, and is kept while it matters to enough of them."""
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
        place=lambda threshold: UNNEEDED / (1 + threshold),
        error=lambda threshold: f"{BIN_ERROR / UNNEEDED * (1 + threshold) ** 2:.2g} of the threshold",
        given=("min_models",),
    ),
}
"""Sparsifiers that do not choose by rank. One that is not here gets a sketch for every setting of its knobs."""
