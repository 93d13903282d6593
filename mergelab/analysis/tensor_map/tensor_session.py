"""A recipe under inspection, prepared once for many questions about its tensors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mergelab.analysis.tensor_map.grid import TensorGrid
from mergelab.analysis.tensor_map.survival_levels import levels_among, levels_of, ranked_among, sorted_magnitudes
from mergelab.engine import PreparedMerge, Trace, rows_chunk, trace

MOST_ORDERED = 1 << 24
"""Maximum changes of all experts that are sorted, and kept, to look up ranks in them: 64 MB."""
MOST_KEPT = 1 << 29
"""Maximum bytes of a whole tensor's trace that is kept for the next question."""


class TensorSession:
    """A prepared recipe and, if its tensors cannot be read in parts, the trace of the last tensor that was read."""

    def __init__(self, prepared: PreparedMerge) -> None:
        self.prepared = prepared
        self._whole: tuple[str, Trace] | None = None
        self._ordered: tuple[tuple[str, ...], Tensor] | None = None

    def grid(self, key: str) -> TensorGrid:
        """The layout of a merged tensor; ValueError for a key that is not merged."""
        plan = self.prepared.plan
        if key not in plan.keys:
            raise ValueError(f"{key} is not merged: {plan.why_not_merged(key)}")
        return TensorGrid(tuple(plan.base.specs[key].shape))

    def in_parts(self, key: str) -> bool:
        """Whether rows of a tensor can be read without the rest of it."""
        return rows_chunk(self.prepared, key, 0, 1).stop is not None

    @property
    def experts(self) -> tuple[str, ...]:
        """The experts in the recipe's order."""
        return tuple(expert.model for expert in self.prepared.plan.recipe.models)

    def levels(self, traced: Trace, cut: Callable[[Tensor], Tensor], deltas: Tensor) -> Tensor:
        """From which density on the recipe keeps each change of a window, whose `deltas` are those that `cut` takes from a
        trace, float64 of the same shape; NaN where that is unknown or too long a count."""
        if (drawn := levels_of(self.prepared, traced)) is not None:
            return cut(drawn)
        keys = ranked_among(self.prepared, traced.chunk.key)
        count = sum(self.prepared.plan.specs[key].count for key in keys)
        if not keys or count * len(deltas) > MOST_ORDERED:
            return torch.full(deltas.shape, torch.nan, dtype=torch.float64)
        if self._ordered is None or self._ordered[0] != keys:
            self._ordered = keys, sorted_magnitudes(self.prepared, keys)
        return levels_among(self._ordered[1], deltas)

    def traced(self, key: str, top: int, bottom: int) -> tuple[Trace, int]:
        """A trace that holds the rows from `top` to `bottom`, and its first row."""
        chunk = rows_chunk(self.prepared, key, top, bottom)
        if chunk.stop is not None:
            return trace(self.prepared, chunk), top
        if self._whole and self._whole[0] == key:
            return self._whole[1], 0
        found = trace(self.prepared, chunk)
        if 4 * found.deltas.numel() * (3 + len(found.sparse)) <= MOST_KEPT:
            self._whole = key, found
        return found, 0
