"""DoRA: the adapted weight keeps its direction, and its length comes from a stored vector of magnitudes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from mergelab import linalg
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import TensorSpec
from mergelab.checkpoints.files.shard import Shard
from mergelab.checkpoints.lora.changes.stored_change import Factors, Kept, Replaced, scaled_products

ROWS = 256
"""Rows whose squares are summed at once; fixed, because the order of a sum decides its bits."""


@dataclass(frozen=True, eq=False)
class Normed:
    """m · V / ‖V‖ with V = W + s·B·A (Liu et al. 2024, arXiv:2402.09353).

    The norm is that of each output of a layer: a row of V or, for Conv1D layers and embeddings (`by_column`), a column.
    Everything is computed in float64 and rounded once.
    """

    base: Kept
    start: Kept | Replaced
    scale: float
    factors: Factors
    shard: Shard
    magnitude: str
    by_column: bool

    @cached_property
    def spec(self) -> TensorSpec:
        wide = torch.promote_types(self.base.spec.dtype, self.start.spec.dtype)
        return TensorSpec(self.start.spec.shape, torch.promote_types(wide, torch.float32))

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.start.names, *self.factors.names, self.magnitude)

    @property
    def numbers(self) -> tuple[float, ...]:
        return (self.scale, *self.factors.numbers)

    def values(self, start: int, stop: int) -> Tensor:
        return self._normed(start, stop).to(self.spec.dtype)

    def delta(self, start: int, stop: int) -> Tensor | None:
        if self.spec.shape != self.base.spec.shape:
            return None
        return (self._normed(start, stop) - self.base.values(start, stop).double()).float()

    def _normed(self, start: int, stop: int) -> Tensor:
        place = torch.arange(start, stop)
        outputs = place % self._columns if self.by_column else place // self._columns
        return self._unscaled(start, stop) * self._ratio[outputs]

    def _unscaled(self, start: int, stop: int) -> Tensor:
        """V in float64."""
        moved = scaled_products(self.factors, self.scale, start, stop, torch.float64)
        return moved + self.start.values(start, stop).double()

    @property
    def _columns(self) -> int:
        return max(1, self.spec.count // max(1, self.spec.shape[0]))

    @cached_property
    def _ratio(self) -> Tensor:
        """m / ‖V‖ of each output, in float64."""
        norms = linalg.sqrt(self._squares())
        if bool((norms == 0).any()):
            raise CheckpointError(
                f"{self.shard.path} is refused: an output of {self.base.key} is 0 after its change, so that DoRA gives it "
                "no direction; in PEFT, merge it into its base (merge_and_unload) and check the merged model"
            )
        return self.shard.read(self.magnitude).double().reshape(-1) / norms

    def _squares(self) -> Tensor:
        """The squared norm of each output, summed in one fixed order."""
        tops = range(0, self.spec.shape[0], ROWS)
        blocks = (self._block(top, min(top + ROWS, self.spec.shape[0])) for top in tops)
        if not self.by_column:
            return torch.cat([linalg.summed(block, torch.square) for block in blocks])
        total = torch.zeros(self._columns, dtype=torch.float64)
        for block in blocks:
            total += linalg.folded_sum(block.T.square())
        return total

    def _block(self, top: int, bottom: int) -> Tensor:
        return self._unscaled(top * self._columns, bottom * self._columns).reshape(bottom - top, self._columns)
