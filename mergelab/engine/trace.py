"""Follows a chunk of a tensor through a recipe, by the reference functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mergelab.engine.expert_deltas import trimmed
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.reading.calibration_inputs import read_statistics
from mergelab.engine.reading.chunks import Chunk, whole_tensor
from mergelab.engine.reading.finite_check import refuse_non_finite
from mergelab.engine.reading.inputs import read_base
from mergelab.engine.tensor_job import TensorJob
from mergelab.methods.ops.stack import Stack
from mergelab.methods.registry import Base, RandomBits, Statistic


@dataclass(frozen=True)
class Trace:
    """A chunk after every step of a merge; none of it is to be changed in place.

    `base` (*shape) and `deltas` (n_models, *shape) are float32, with models in the plan's order; float64 ones are rounded
    for display, after the merge. `sparse` holds the deltas
    after each step before the method, `kept` those that take part in the merge. `merged` (*shape) is in its final dtype,
    with the bits of `merge_tensor`. `stack` (n_models, *shape) is what the method saw, in its own space and arithmetic, and
    `arguments` are its other arguments, of which those named in `by_entry` may have a value per entry; `settings` are those of the steps before it. `stays` says why the tensor is the
    base's whatever the method does; empty if it is not.
    """

    chunk: Chunk
    base: Tensor
    deltas: Tensor
    sparse: tuple[Tensor, ...]
    kept: Tensor
    merged: Tensor
    stack: Tensor
    arguments: Mapping[str, Any]
    by_entry: frozenset[str]
    settings: tuple[Mapping[str, Any], ...]
    stays: str

    @property
    def change(self) -> Tensor:
        """Merged minus base, float32 (*shape): the merged delta after rounding."""
        return self.merged.float() - self.base

    def picked(self, pick: Callable[[Tensor], Tensor]) -> Trace:
        """The same trace of some entries, which `pick` takes from a tensor (*shape) or a stack (n_models, *shape)."""

        def of(name: str, value: Any) -> Any:
            fits = isinstance(value, Tensor) and value.shape[value.ndim - len(self.chunk.shape) :] == self.chunk.shape
            return pick(value) if name in self.by_entry and fits and value.ndim >= len(self.chunk.shape) else value

        return Trace(
            self.chunk,
            pick(self.base),
            pick(self.deltas),
            tuple(pick(each) for each in self.sparse),
            pick(self.kept),
            pick(self.merged),
            pick(self.stack),
            {name: of(name, value) for name, value in self.arguments.items()},
            self.by_entry,
            self.settings,
            self.stays,
        )


def trace(prepared: PreparedMerge, chunk: Chunk) -> Trace:
    """Follow a chunk through the merge: a whole tensor, or a part of one where the schedule splits tensors."""
    job = TensorJob.of(prepared, prepared.method, chunk.key)
    base, (deltas, *sparse) = read_base(prepared.plan, chunk, prepared.device), job.deltas_by_step(chunk)
    stack = _method_stack(job, chunk, sparse[-1] if sparse else deltas)
    return Trace(
        chunk,
        base.cpu().float(),
        deltas.cpu().float(),
        tuple(each.cpu().float() for each in sparse),
        trimmed(job, sparse[-1] if sparse else deltas).cpu().float(),
        _merged(job, chunk, stack, base),
        stack.values.cpu(),
        job.arguments(chunk, stack),
        frozenset(
            name for name, mark in job.step.rule.inputs.items() if isinstance(mark, Base | RandomBits | Statistic)
        ),
        tuple(before.settings for before in job.before),
        _stays(job),
    )


def _stays(job: TensorJob) -> str:
    if job.unweighted:
        return "Every expert has weight 0 for this tensor, so it stays as in the base."
    return "No expert changes this tensor, so it stays as in the base." if job.idle else ""


def _method_stack(job: TensorJob, chunk: Chunk, deltas: Tensor) -> Stack:
    """What the method sees: the deltas that the last step left, or the models' weights."""
    if job.step.rule.space == "weights":
        return job.plain_stack(chunk)
    statistics = read_statistics(job.plan, chunk, job.prepared.device)
    return Stack(chunk.key, deltas, statistics, job.settings, chunk.whole)


def _merged(job: TensorJob, chunk: Chunk, stack: Stack, base: Tensor) -> Tensor:
    dtype = job.plan.specs[chunk.key].dtype
    if job.keeps_base:
        return base.cpu().to(dtype)
    merged: Tensor = job.merged(chunk, stack).cpu().to(dtype)
    refuse_non_finite(merged, chunk.key, "the merged model", "lower the scale, or choose a wider dtype")
    return merged.reshape(chunk.shape)


def rows_chunk(prepared: PreparedMerge, key: str, start: int, stop: int) -> Chunk:
    """The rows from `start` to `stop` of a tensor (indices of its first axis). The whole tensor if it has fewer than two
    axes, or if tensors are not merged in chunks."""
    whole = whole_tensor(prepared.plan, key)
    if not prepared.schedule.splits or len(whole.shape) < 2:
        return whole
    return Chunk(key, (stop - start, whole.row), start * whole.row, stop * whole.row)


def in_recipe_order(prepared: PreparedMerge, values: Tensor) -> Tensor:
    """`values` (n_models, …), which are in the plan's order, in the order of the recipe's experts."""
    return values[list(prepared.plan.listed)]
