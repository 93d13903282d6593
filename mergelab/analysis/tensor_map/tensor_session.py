"""The recipe that is being looked at, prepared once, and the tensor last read as a whole."""

from __future__ import annotations

from mergelab.analysis.tensor_map.grid import Grid
from mergelab.engine import PreparedMerge, Trace, rows_chunk, trace

MOST_KEPT = 1 << 29
"""Bytes of a whole tensor's trace that are kept for the next look at it."""


class TensorSession:
    """A prepared recipe and, where its tensors cannot be read in parts, the last one that was read."""

    def __init__(self, prepared: PreparedMerge) -> None:
        self.prepared = prepared
        self._whole: tuple[str, Trace] | None = None

    def grid(self, key: str) -> Grid:
        """How a merged tensor is laid out; ValueError for a key that is not merged."""
        plan = self.prepared.plan
        if key not in plan.keys:
            reason = plan.compatibility.left_out.get(key)
            reason = reason or f"the merged tensors are called {plan.keys[0]} … {plan.keys[-1]}"
            raise ValueError(f"{key} is not merged: {reason}")
        return Grid(tuple(plan.base.specs[key].shape))

    def in_parts(self, key: str) -> bool:
        """Whether rows of a tensor can be read without the rest of it."""
        return rows_chunk(self.prepared, key, 0, 1).stop is not None

    @property
    def experts(self) -> tuple[str, ...]:
        """The experts in the recipe's order."""
        return tuple(expert.model for expert in self.prepared.plan.recipe.models)

    def traced(self, key: str, top: int, bottom: int) -> tuple[Trace, int]:
        """A trace that holds the rows from `top` to `bottom`, and the row that it begins with."""
        chunk = rows_chunk(self.prepared, key, top, bottom)
        if chunk.stop is not None:
            return trace(self.prepared, chunk), top
        if self._whole and self._whole[0] == key:
            return self._whole[1], 0
        found = trace(self.prepared, chunk)
        if 4 * found.deltas.numel() * (2 + len(found.sparse)) <= MOST_KEPT:
            self._whole = key, found
        return found, 0
