"""What becomes of a chunk of a tensor on its way through a recipe, by the reference functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mergelab.engine.execution import merge_stack, trimmed
from mergelab.engine.inputs import Chunk, read_base, read_statistics, refuse_non_finite
from mergelab.engine.pipeline import PreparedMerge
from mergelab.engine.survey import apply, arguments_for, cached_deltas, plain_stack, settings
from mergelab.methods.ops.stack import Stack


@dataclass(frozen=True)
class Trace:
    """A chunk at every stage of a merge; none of it is to be changed in place.

    `base` (*shape) and `deltas` (n_models, *shape) in float32, models in the plan's order; `sparse` has what each step
    before the method leaves of the deltas, `kept` what takes part in the merge; `merged` (*shape) is in its final dtype,
    with the bits of `merge_tensor`. `arguments` are what the method was given beside its stack.
    """

    chunk: Chunk
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
        """The same of some entries: `pick` takes them from (*shape), or from a stack (n_models, *shape), of the chunk."""

        def of(value: Any) -> Any:
            fits = isinstance(value, Tensor) and value.shape[value.ndim - len(self.chunk.shape) :] == self.chunk.shape
            return pick(value) if fits and value.ndim >= len(self.chunk.shape) else value

        return Trace(
            self.chunk,
            pick(self.base),
            pick(self.deltas),
            tuple(pick(each) for each in self.sparse),
            pick(self.kept),
            pick(self.merged),
            {name: of(value) for name, value in self.arguments.items()},
        )


def trace(prepared: PreparedMerge, chunk: Chunk) -> Trace:
    """Follow a chunk through the merge: a whole tensor, or, where `prepared.splits`, a stretch of it."""
    key, stage = chunk.key, prepared.method
    base, deltas, sparse = read_base(prepared.plan, chunk, prepared.device), cached_deltas(prepared, chunk), []
    values = deltas
    for step in prepared.steps:
        values = apply(prepared, step, chunk, Stack(key, values, {}, settings(prepared, step, key)))
        sparse.append(values)
    found = settings(prepared, stage, key)
    # A method of deltas gets what the last step left; one of weights reads them by itself.
    stack = plain_stack(prepared, stage, chunk, found) if stage.rule.space == "weights" else None
    given = read_statistics(prepared.plan, chunk, prepared.device)
    stack = stack or Stack(key, values, given, found, chunk.stop is None)
    return Trace(
        chunk,
        base.cpu(),
        deltas.cpu(),
        tuple(each.cpu() for each in sparse),
        trimmed(prepared, key, values).cpu(),
        _merged(prepared, chunk, stack, base),
        arguments_for(prepared, stage, chunk, stack),
    )


def _merged(prepared: PreparedMerge, chunk: Chunk, stack: Stack, base: Tensor) -> Tensor:
    dtype = prepared.plan.spec(chunk.key).dtype
    if chunk.key in prepared.method.idle:
        return base.cpu().to(dtype)
    merged: Tensor = merge_stack(prepared, chunk, stack).cpu().to(dtype)
    refuse_non_finite(merged, chunk.key, "the merged model", "lower the scale, or choose a wider dtype")
    return merged.reshape(chunk.shape)


def rows_chunk(prepared: PreparedMerge, key: str, start: int, stop: int) -> Chunk:
    """The rows from `start` to `stop` of a tensor (places on its first axis) where tensors are merged in stretches and it
    has more than one axis, else the whole tensor."""
    whole = Chunk(key, prepared.plan.base.specs[key].shape)
    if not prepared.splits or len(whole.shape) < 2:
        return whole
    return Chunk(key, (stop - start, whole.row), start * whole.row, stop * whole.row)


def in_recipe_order(prepared: PreparedMerge, values: Tensor) -> Tensor:
    """`values` (n_models, …), in the plan's order, in the order of the recipe's experts."""
    return values[list(prepared.plan.listed)]
