"""The deltas of a piece as a sketch looks at them: stepped by kernels where they pay, else by torch."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab import kernels
from mergelab.engine import Piece, Settled, draw_keys, offered, read_draws, stored_offered
from mergelab.kernels.arguments import Thinning
from mergelab.methods.ops import rows
from mergelab.methods.stack import Stack, magnitude_bits
from mergelab.sketch.sizing import unsigned
from mergelab.sketch.steps import NEVER, Steps, steps

if TYPE_CHECKING:
    from mergelab.kernels.stretch import StoredStack

Table = NDArray[numpy.int16]
NO_TABLES = numpy.zeros((0, 0, 0), numpy.int16)
NO_KEYS = numpy.zeros((0, 2), numpy.uint32)
NO_LEVELS = numpy.zeros((0, 0), numpy.int16)


class Deltas:
    """A piece of the deltas on offer; `sparse`: those that the steps before the method leave. `even` says whether their
    products are at home in float32, which kernels compute in."""

    def __init__(
        self, settled: Settled, piece: Piece, sparse: bool, even: bool = True, values: Tensor | None = None
    ) -> None:
        """`values` (n_models, *shape) take the place of what would be read."""
        self._settled, self._piece, self._sparse, self._given, self._even = settled, piece, sparse, values, even

    @cached_property
    def values(self) -> Tensor:
        """(n_models, count), float32, on the CPU."""
        return rows(self.shaped).cpu()

    @cached_property
    def shaped(self) -> Tensor:
        """(n_models, *shape), where deltas are worked out; refuses what is not finite."""
        return offered(self._settled, self._piece, self._sparse) if self._given is None else self._given

    @property
    def draws(self) -> Tensor:
        """Random integers for every entry, int64 (n_models, *shape)."""
        return read_draws(self._settled.plan, self._piece).to(self.shaped.device)

    def counted(self) -> tuple[Tensor, bool]:
        """int64 (n_models, BINS): deltas by their upper 16 bits, sign and all; and whether any model changed something."""
        stack = self._stored or Stack(self._piece.key, self.values)
        counts = stack.signed_counts()
        return counts, bool(unsigned(counts)[:, 1:].any()) or stack.any()

    def ranked(self, tables: Table) -> list[Steps]:
        """The steps of several cuts, whose levels `tables` (n_cuts, n_models, BINS) have by the upper 16 bits of
        magnitudes."""
        if found := self._by_kernel(tables=tables):
            return found
        upper = magnitude_bits(self.values) >> 16
        return [steps(self.values, self._levels(table, upper)) for table in tables]

    def drawn(self, tables: Table) -> list[Steps]:
        """The same with levels by the upper halves of draws."""
        plan, piece = self._settled.plan, self._piece
        if found := self._by_kernel(tables=tables, keys=numpy.array(draw_keys(plan, piece.key), numpy.uint32)):
            return found
        halves = rows(read_draws(plan, piece)) >> 16
        return [steps(self.values, self._levels(table, halves)) for table in tables]

    def stepped(self, levels: Tensor) -> Steps:
        """The steps with these levels, int16 (n_models, *shape)."""
        levels = torch.where(self.values == 0, NEVER, rows(levels).cpu()).to(torch.int16)
        found = self._by_kernel(given=levels.numpy())
        return found[0] if found else steps(self.values, levels)

    def _levels(self, table: Table, places: Tensor) -> Tensor:
        looked_up = [torch.from_numpy(own)[row] for own, row in zip(table, places, strict=True)]
        return torch.where(self.values == 0, NEVER, torch.stack(looked_up)).to(torch.int16)

    def _by_kernel(
        self, tables: Table = NO_TABLES, keys: Any = NO_KEYS, given: Table = NO_LEVELS
    ) -> list[Steps] | None:
        if not (self._even and self._settled.large and kernels.available()):
            return None
        from mergelab.kernels.steps import Levels, stepped  # numba takes a while to import

        found = stepped(self._stored or self._as_stored(), Levels(tables, keys, given, NEVER))
        return None if found is None else [Steps(*each) for each in found]

    @cached_property
    def _stored(self) -> StoredStack | None:
        stored: StoredStack | None = None
        if self._given is None:
            stored = stored_offered(self._settled, self._piece, self._sparse)
        return stored

    def _as_stored(self) -> StoredStack:
        """Deltas as if they were experts of a base of zeros."""
        from mergelab.kernels.stretch import StoredStack

        zeros, through = torch.zeros(self.values.shape[1]), Thinning.none(len(self.values))
        return StoredStack(
            self._piece.key, zeros, list(self.values), through, self._piece.start, lambda: self.values, {}, True, {}
        )
