"""Reads chunks of weights and deltas in the dtype of the arithmetic: float32, or float64 where a model stores that."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.engine.planning.plan import Plan
from mergelab.engine.reading.chunks import Chunk
from mergelab.engine.reading.finite_check import refuse_non_finite
from mergelab.engine.reading.stored_chunks import read_stored

REMEDY = "leave this model out or repair it"


def read_base(plan: Plan, chunk: Chunk, device: torch.device) -> Tensor:
    """The base's values (*shape), in the tensor's arithmetic."""
    return _read(plan, plan.base, chunk.key, chunk, device)


def read_experts(plan: Plan, chunk: Chunk, device: torch.device) -> Tensor:
    """Every expert's values in the plan's order (n_models, *shape), in the tensor's arithmetic."""
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    return _stacked(plan, chunk, device, (_read(plan, own, keys[chunk.key], chunk, device) for own, keys in pairs))


def read_deltas(plan: Plan, chunk: Chunk, device: torch.device) -> Tensor:
    """Every expert minus the base (n_models, *shape), in the tensor's arithmetic. Stored deltas are used as they are."""
    base = read_base(plan, chunk, device)
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    parts = (_delta(plan, expert, keys[chunk.key], chunk, base) for expert, keys in pairs)
    return _stacked(plan, chunk, device, parts)


def _delta(plan: Plan, expert: Checkpoint, file_key: str, chunk: Chunk, base: Tensor) -> Tensor:
    entries = () if chunk.stop is None else (chunk.start, chunk.stop)
    change = expert.read_delta(file_key, plan.base, *entries)
    if change is None:
        return _read(plan, expert, file_key, chunk, base.device) - base
    refuse_non_finite(change, chunk.key, expert.name, REMEDY)
    return change.reshape(chunk.shape).to(base.device)


def _read(plan: Plan, checkpoint: Checkpoint, file_key: str, chunk: Chunk, device: torch.device) -> Tensor:
    values = read_stored(checkpoint, file_key, chunk).to(device).to(plan.arithmetic[chunk.key])
    refuse_non_finite(values, chunk.key, checkpoint.name, REMEDY)
    return values


def _stacked(plan: Plan, chunk: Chunk, device: torch.device, parts: Iterable[Tensor]) -> Tensor:
    """`torch.stack`, but with only one part in memory besides the result."""
    whole = torch.empty((len(plan.experts), *chunk.shape), dtype=plan.arithmetic[chunk.key], device=device)
    for place, part in zip(whole, parts, strict=True):
        place.copy_(part)
    return whole
