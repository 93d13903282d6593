"""Counts of the magnitudes in a sketch's tensors, from which ranks and survival levels follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import torch
from torch import Tensor

from mergelab.analysis.sketch.delta_reader import Table
from mergelab.analysis.sketch.levels import draw_levels, level_bins, rank_levels
from mergelab.analysis.sketch.survival_histogram import NEVER
from mergelab.methods.ops.stack import BINS

TINY, HUGE = (127 - 40) << 7, (127 + 40) << 7
"""Upper bits of 2^-40 and 2^40: if a model's largest magnitude lies between them, float32 products neither vanish nor overflow."""


@dataclass(frozen=True)
class Counts:
    """Counts (n_models, width) of the magnitudes by their upper 16 bits, from `first` on; all other counts are 0. `moved` says
    whether any model changed the tensor."""

    first: int
    counts: Tensor
    moved: bool

    @classmethod
    def of(cls, counts: Tensor, moved: bool) -> Counts:
        """From (n_models, up to BINS) counts."""
        lit = torch.nonzero(counts.any(0))
        first, last = (int(lit[0]), int(lit[-1]) + 1) if len(lit) else (0, 1)
        # Most tensors fill few bins; all bins of hundreds of tensors would take much memory.
        return cls(first, counts[:, first:last].to(torch.int32 if counts.sum() < 2**31 else torch.int64), moved)

    @property
    def even(self) -> bool:
        """Whether products of deltas neither vanish nor overflow in float32."""
        largest = [self.first + int(row.nonzero()[-1]) for row in self.counts if row.any()]
        return all(each == 0 or TINY <= each <= HUGE for each in largest)

    @property
    def total(self) -> int:
        """Entries of one model."""
        return int(self.counts[0].sum())

    def whole(self) -> Tensor:
        """int64 (n_models, BINS)."""
        found = torch.zeros(len(self.counts), BINS, dtype=torch.int64)
        self.add_to(found)
        return found

    def add_to(self, total: Tensor) -> None:
        """Add the counts to `total`, int64 (n_models, BINS), if any model changed the tensor."""
        if self.moved:
            total[:, self.first : self.first + self.counts.shape[1]] += self.counts

    def table(self, count: int, outliers: float) -> Table:
        """The level of every magnitude, ranked among `count` entries, int16 (n_models, BINS)."""
        found = torch.full((len(self.counts), BINS), NEVER, dtype=torch.int16)
        levels = level_bins(rank_levels(self.counts.long(), count, outliers))
        found[:, self.first : self.first + levels.shape[1]] = levels
        found[:, 0] = NEVER
        return found.numpy()


def draw_table(n_models: int) -> Table:
    """The levels of draws by their upper halves, int16 (n_models, 65536)."""
    return numpy.repeat(level_bins(draw_levels(torch.arange(1 << 16))).numpy()[None], n_models, 0)
