"""Rows of single tokens that an adapter replaces in an embedding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from mergelab.checkpoints.files.interface import TensorSpec
from mergelab.checkpoints.files.shard import Shard
from mergelab.checkpoints.lora.changes.stored_change import Kept, Replaced


@dataclass(frozen=True, eq=False)
class RowsReplaced:
    """A matrix (tokens, width) in which the rows `ids` are the stored ones, in their order."""

    start: Kept | Replaced
    shard: Shard
    rows: str
    ids: tuple[int, ...]

    @cached_property
    def spec(self) -> TensorSpec:
        stored = self.shard.extents[self.rows].spec
        return TensorSpec(self.start.spec.shape, torch.promote_types(self.start.spec.dtype, stored.dtype))

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.start.names, self.rows)

    @property
    def numbers(self) -> tuple[float, ...]:
        return tuple(map(float, self.ids))

    def values(self, start: int, stop: int) -> Tensor:
        width = self.spec.shape[1]
        found = self.start.values(start, stop).to(self.spec.dtype, copy=True)
        for place, row in enumerate(self.ids):
            begin, end = max(start, row * width), min(stop, (row + 1) * width)
            if begin < end:
                shift = (place - row) * width
                found[begin - start : end - start] = self.shard.read_range(self.rows, begin + shift, end + shift)
        return found

    def delta(self, start: int, stop: int) -> None:
        return None
