"""What a merge reads: stretches of the base and the experts in float32, checked for NaN and infinity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint, read_range
from mergelab.engine.plan import Plan
from mergelab.methods.registry import Statistic
from mergelab.runtime.randomness import draws


class MergeError(ValueError):
    """A merge that cannot go on: what is wrong, in which tensor of which model, and what to do."""


@dataclass(frozen=True)
class Chunk:
    """A tensor, whole and in its shape, or its entries from `start` to `stop`: flat, or as whole rows."""

    key: str
    shape: tuple[int, ...]
    start: int = 0
    stop: int | None = None

    def of(self, tensor: Tensor) -> Tensor:
        """This chunk of the whole tensor, without a copy where it is contiguous."""
        return tensor if self.stop is None else tensor.reshape(-1)[self.start : self.stop].reshape(self.shape)

    def stored(self, checkpoint: Checkpoint, file_key: str) -> Tensor:
        """This chunk of a checkpoint's tensor as it is stored."""
        if self.stop is None:
            return checkpoint.read(file_key)
        return read_range(checkpoint, file_key, self.start, self.stop).reshape(self.shape)

    @property
    def row(self) -> int:
        """Entries of one row: all of one place on the first axis, or below two axes the whole tensor."""
        return prod(self.shape[1:] if len(self.shape) > 1 else self.shape)


def chunks(plan: Plan, key: str, longest: int | None) -> Iterator[Chunk]:
    """The tensor in one chunk, or in stretches of at most `longest` entries; of whole rows where a rule ranks inside
    them, however long one is."""
    spec, whole = plan.base.specs[key], Chunk(key, plan.base.specs[key].shape)
    if longest is None or spec.count <= longest:
        yield whole
        return
    longest = max(1, longest // whole.row) * whole.row if plan.by_row else longest
    for start in range(0, spec.count, longest):
        stop = min(start + longest, spec.count)
        shape = ((stop - start) // whole.row, whole.row) if plan.by_row else (stop - start,)
        yield Chunk(key, shape, start, stop)


def read_deltas(plan: Plan, chunk: Chunk, device: torch.device) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); what an expert stores as a change is taken as it is."""
    base = read_base(plan, chunk, device)
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    parts = (_delta(plan, expert, keys[chunk.key], chunk, base) for expert, keys in pairs)
    return _stacked(len(plan.experts), chunk, device, parts)


def read_base(plan: Plan, chunk: Chunk, device: torch.device) -> Tensor:
    """The base's values, float32."""
    return _read(plan.base, chunk.key, chunk, device)


def read_experts(plan: Plan, chunk: Chunk, device: torch.device) -> Tensor:
    """Every expert's values in the plan's order, float32 (n_models, *shape)."""
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    parts = (_read(expert, keys[chunk.key], chunk, device) for expert, keys in pairs)
    return _stacked(len(plan.experts), chunk, device, parts)


def read_draws(plan: Plan, chunk: Chunk) -> Tensor:
    """Random integers for every expert, int64 (n_models, *shape)."""
    seed = plan.recipe.seed
    return torch.stack([draws(seed, content, chunk.key, chunk.shape, chunk.start) for content in plan.hashes])


def read_statistics(plan: Plan, chunk: Chunk, device: torch.device) -> dict[str, Tensor]:
    """The method's statistics of one tensor; a partial one that nobody has is left out."""
    found = {}
    for mark in plan.recipe.rule.wanting(Statistic).values():
        shape = mark.shape(plan.base.specs[chunk.key].shape)
        if shape is not None and not (mark.partial and _nobody_has(plan, mark.kind, chunk.key)):
            found[mark.kind] = _statistic(plan, mark.kind, chunk, shape).to(device)
    return found


def refuse_non_finite(values: Tensor, key: str, owner: str, remedy: str) -> None:
    """Raises MergeError with the count of values that are NaN or infinite."""
    # A finite sum proves finite values and costs one read; a sum may overflow by itself, so only then count.
    if values.is_floating_point() and not bool(torch.isfinite(values.sum())):
        count = int((~torch.isfinite(values)).sum())
        if count:
            raise MergeError(f"{key} of {owner} holds {count} values that are NaN or infinite: {remedy}")


def _stacked(count: int, chunk: Chunk, device: torch.device, parts: Iterable[Tensor]) -> Tensor:
    """`torch.stack` with one part in memory beside the result."""
    whole = torch.empty((count, *chunk.shape), device=device)
    for place, part in zip(whole, parts, strict=True):
        place.copy_(part)
    return whole


def _delta(plan: Plan, expert: Checkpoint, file_key: str, chunk: Chunk, base: Tensor) -> Tensor:
    stretch = () if chunk.stop is None else (chunk.start, chunk.stop)
    change = expert.read_delta(file_key, plan.base, *stretch)
    if change is None:
        return _read(expert, file_key, chunk, base.device) - base
    refuse_non_finite(change, chunk.key, expert.name, "leave this model out or repair it")
    return change.reshape(chunk.shape).to(base.device)


def _read(checkpoint: Checkpoint, file_key: str, chunk: Chunk, device: torch.device) -> Tensor:
    values = chunk.stored(checkpoint, file_key).to(device).float()
    refuse_non_finite(values, chunk.key, checkpoint.name, "leave this model out or repair it")
    return values


def _nobody_has(plan: Plan, kind: str, key: str) -> bool:
    given = plan.statistics.get(kind, {})
    return not any(key in given.get(expert.name, {}) for expert in plan.experts)


def _statistic(plan: Plan, kind: str, chunk: Chunk, shape: tuple[int, ...]) -> Tensor:
    given, key = plan.statistics.get(kind, {}), chunk.key
    missing = [expert.name for expert in plan.experts if key not in given.get(expert.name, {})]
    if missing:
        raise MergeError(
            f"{plan.recipe.method.name} needs the {kind} statistics of {', '.join(missing)} for {key}: give statistics={{{kind!r}: {{name: {{key: tensor}}}}}}"
        )
    values = [given[expert.name][key].detach() for expert in plan.experts]
    for expert, found in zip(plan.experts, values, strict=True):
        if found.shape != shape:
            raise MergeError(
                f"the {kind} statistics of {expert.name} for {key} have shape {tuple(found.shape)}, the tensor has {tuple(shape)}"
            )
        refuse_non_finite(found, key, f"the {kind} statistics of {expert.name}", "estimate them again")
    whole = shape != plan.base.specs[key].shape
    return torch.stack([(found if whole else chunk.of(found)).float() for found in values])
