"""A recipe under inspection, prepared once for many questions about its tensors."""

from __future__ import annotations

from mergelab.analysis.tensor_map.grid import TensorGrid
from mergelab.engine import PreparedMerge, Trace, rows_chunk, trace

MOST_KEPT = 1 << 29
"""Maximum bytes of a whole tensor's trace that is kept for the next question."""


class TensorSession:
    """A prepared recipe and, if its tensors cannot be read in parts, the trace of the last tensor that was read."""

    def __init__(self, prepared: PreparedMerge) -> None:
        self.prepared = prepared
        self._whole: tuple[str, Trace] | None = None

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

    def traced(self, key: str, top: int, bottom: int) -> tuple[Trace, int]:
        """A trace that holds the rows from `top` to `bottom`, and its first row."""
        chunk = rows_chunk(self.prepared, key, top, bottom)
        if chunk.stop is not None:
            return trace(self.prepared, chunk), top
        if self._whole and self._whole[0] == key:
            return self._whole[1], 0
        found = trace(self.prepared, chunk)
        if 4 * found.deltas.numel() * (2 + len(found.sparse)) <= MOST_KEPT:
            self._whole = key, found
        return found, 0
