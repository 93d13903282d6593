"""What becomes of a piece of a tensor on its way through a recipe, by the reference functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mergelab.engine.execution import merge_stack, trimmed
from mergelab.engine.inputs import Piece, read_base, read_statistics, refuse_non_finite
from mergelab.engine.pipeline import Settled
from mergelab.engine.survey import apply, arguments_for, kept_or_read, plain_stack, settings
from mergelab.methods.ops.stack import Stack


@dataclass(frozen=True)
class Trace:
    """A piece at every stage of a merge; none of it is to be changed in place.

    `base` (*shape) and `deltas` (n_models, *shape) in float32, models in the plan's order; `sparse` has what each step
    before the method leaves of the deltas, `kept` what takes part in the merge; `merged` (*shape) is in its final dtype,
    with the bits of `merge_tensor`. `arguments` are what the method was given beside its stack.
    """

    piece: Piece
    base: Tensor
    deltas: Tensor
    sparse: tuple[Tensor, ...]
    kept: Tensor
    merged: Tensor
    arguments: Mapping[str, Any]

    @property
    def change(self) -> Tensor:
        """Merged minus base, float32 (*shape): the merged delta after rounding."""
        return self.merged.float() - self.base

    def picked(self, pick: Callable[[Tensor], Tensor]) -> Trace:
        """The same of some entries: `pick` takes them from (*shape), or from a stack (n_models, *shape), of the piece."""

        def of(value: Any) -> Any:
            fits = isinstance(value, Tensor) and value.shape[value.ndim - len(self.piece.shape) :] == self.piece.shape
            return pick(value) if fits and value.ndim >= len(self.piece.shape) else value

        return Trace(
            self.piece,
            pick(self.base),
            pick(self.deltas),
            tuple(pick(each) for each in self.sparse),
            pick(self.kept),
            pick(self.merged),
            {name: of(value) for name, value in self.arguments.items()},
        )


def trace(settled: Settled, piece: Piece) -> Trace:
    """Follow a piece through the merge: a whole tensor, or, where `settled.splits`, a stretch of it."""
    key, stage = piece.key, settled.method
    base, deltas, sparse = read_base(settled.plan, piece, settled.device), kept_or_read(settled, piece), []
    values = deltas
    for step in settled.steps:
        values = apply(settled, step, piece, Stack(key, values, {}, settings(settled, step, key)))
        sparse.append(values)
    found = settings(settled, stage, key)
    # A method of deltas gets what the last step left; one of weights reads them by itself.
    stack = plain_stack(settled, stage, piece, found) if stage.rule.space == "weights" else None
    given = read_statistics(settled.plan, piece, settled.device)
    stack = stack or Stack(key, values, given, found, piece.stop is None)
    return Trace(
        piece,
        base.cpu(),
        deltas.cpu(),
        tuple(each.cpu() for each in sparse),
        trimmed(settled, key, values).cpu(),
        _merged(settled, piece, stack, base),
        arguments_for(settled, stage, piece, stack),
    )


def _merged(settled: Settled, piece: Piece, stack: Stack, base: Tensor) -> Tensor:
    dtype = settled.plan.spec(piece.key).dtype
    if piece.key in settled.method.idle:
        return base.cpu().to(dtype)
    merged: Tensor = merge_stack(settled, piece, stack).cpu().to(dtype)
    refuse_non_finite(merged, piece.key, "the merged model", "lower the scale, or choose a wider dtype")
    return merged.reshape(piece.shape)


def rows_piece(settled: Settled, key: str, start: int, stop: int) -> Piece:
    """The rows from `start` to `stop` of a tensor (places on its first axis) where tensors are merged in stretches and it
    has more than one axis, else the whole tensor."""
    whole = Piece(key, settled.plan.base.specs[key].shape)
    if not settled.splits or len(whole.shape) < 2:
        return whole
    return Piece(key, (stop - start, whole.row), start * whole.row, stop * whole.row)


def in_recipe_order(settled: Settled, values: Tensor) -> Tensor:
    """`values` (n_models, …), in the plan's order, in the order of the recipe's experts."""
    return values[list(settled.plan.listed)]
