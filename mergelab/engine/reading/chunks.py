"""The chunks in which a tensor is read and merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from torch import Tensor

from mergelab.engine.planning.plan import Plan


@dataclass(frozen=True)
class Chunk:
    """A whole tensor in its own shape, or its entries from `start` to `stop`: flat, or as whole rows."""

    key: str
    shape: tuple[int, ...]
    start: int = 0
    stop: int | None = None

    @property
    def whole(self) -> bool:
        """Whether the chunk is the whole tensor."""
        return self.stop is None

    def of(self, tensor: Tensor) -> Tensor:
        """This chunk of the whole tensor, without a copy where the tensor is contiguous."""
        return tensor if self.stop is None else tensor.reshape(-1)[self.start : self.stop].reshape(self.shape)

    @property
    def row(self) -> int:
        """Entries of one row: everything at one index of the first axis. A vector or a scalar is a single row."""
        return prod(self.shape[1:] if len(self.shape) > 1 else self.shape)


def whole_tensor(plan: Plan, key: str) -> Chunk:
    """The chunk that is the whole tensor."""
    return Chunk(key, plan.base.specs[key].shape)


def chunks(plan: Plan, key: str, longest: int | None) -> Iterator[Chunk]:
    """The tensor in one chunk, or in chunks of at most `longest` entries.

    Where a sparsifier ranks within rows, chunks hold whole rows, however long one row is.
    """
    spec = plan.base.specs[key]
    if longest is None or spec.count <= longest:
        yield Chunk(key, spec.shape)
        return
    row = Chunk(key, spec.shape).row
    longest = max(1, longest // row) * row if plan.by_row else longest
    for start in range(0, spec.count, longest):
        stop = min(start + longest, spec.count)
        yield Chunk(key, ((stop - start) // row, row) if plan.by_row else (stop - start,), start, stop)
