"""Reads chunks of weights and deltas as float32."""

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
    """The base's values, float32 (*shape)."""
    return _read(plan.base, chunk.key, chunk, device)


def read_experts(plan: Plan, chunk: Chunk, device: torch.device) -> Tensor:
    """Every expert's values in the plan's order, float32 (n_models, *shape)."""
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    return _stacked(
        len(plan.experts), chunk, device, (_read(own, keys[chunk.key], chunk, device) for own, keys in pairs)
    )


def read_deltas(plan: Plan, chunk: Chunk, device: torch.device) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape). Deltas that an expert stores are used as they are."""
    base = read_base(plan, chunk, device)
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    parts = (_delta(plan, expert, keys[chunk.key], chunk, base) for expert, keys in pairs)
    return _stacked(len(plan.experts), chunk, device, parts)


def _delta(plan: Plan, expert: Checkpoint, file_key: str, chunk: Chunk, base: Tensor) -> Tensor:
    entries = () if chunk.stop is None else (chunk.start, chunk.stop)
    change = expert.read_delta(file_key, plan.base, *entries)
    if change is None:
        return _read(expert, file_key, chunk, base.device) - base
    refuse_non_finite(change, chunk.key, expert.name, REMEDY)
    return change.reshape(chunk.shape).to(base.device)


def _read(checkpoint: Checkpoint, file_key: str, chunk: Chunk, device: torch.device) -> Tensor:
    values = read_stored(checkpoint, file_key, chunk).to(device).float()
    refuse_non_finite(values, chunk.key, checkpoint.name, REMEDY)
    return values


def _stacked(count: int, chunk: Chunk, device: torch.device, parts: Iterable[Tensor]) -> Tensor:
    """`torch.stack`, but with only one part in memory besides the result."""
    whole = torch.empty((count, *chunk.shape), device=device)
    for place, part in zip(whole, parts, strict=True):
        place.copy_(part)
    return whole
