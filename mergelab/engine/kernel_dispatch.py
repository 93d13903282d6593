"""Builds the stacks that kernels read: stored numbers behind the mask of the sparsifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab.engine.planning.plan import Plan
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.reading.chunks import Chunk, whole_tensor
from mergelab.kernels.arguments import SparsifyParams
from mergelab.kernels.device_stack import DeviceStack, StackContext
from mergelab.kernels.tensor_group import TensorGroup
from mergelab.methods.ops.stack import KernelUnsupportedError
from mergelab.methods.ops.thresholds import broadcast_to_models
from mergelab.runtime.randomness import key_of


def chunk_stack(
    prepared: PreparedMerge, chunk: Chunk, sparsifier: Mapping[str, Any], context: StackContext
) -> DeviceStack | None:
    """The stored numbers of a chunk behind a sparsifier with these settings; without settings there is no sparsifier.

    None if the sparsifier meets a value that is not finite.
    """
    base, *experts = prepared.chunk_cache.read(prepared.plan, chunk)
    if "epsilon" in sparsifier:
        return _precomputed_stack(prepared, chunk, sparsifier, base, experts, context)
    return _device_stack(prepared, base, experts, _mask_params(prepared, sparsifier, chunk.key), context)


def group_stack(
    prepared: PreparedMerge, keys: Sequence[str], settings: Mapping[str, Any], sparsifier: Mapping[str, Any]
) -> DeviceStack:
    """The stored numbers of several whole tensors one after the other, all of the same formats and settings.

    The stack has no float32 values: a rule that needs them raises KernelUnsupportedError and gets the tensors one by one.
    """
    counts = {key: prepared.plan.base.specs[key].count for key in keys}
    base, *experts = _concatenated(prepared, counts)
    params = _mask_params(prepared, sparsifier, keys[0])
    stack = _device_stack(prepared, base, experts, params, StackContext(keys[0], _no_values, settings))
    stack.group = TensorGroup(counts, base, experts, params.thresholds)
    return stack


def _concatenated(prepared: PreparedMerge, counts: Mapping[str, int]) -> list[Tensor]:
    """The base's and every expert's tensors one after the other; one tensor of all models is in memory besides them."""
    total, joined, start = sum(counts.values()), list[Tensor](), 0
    for key, count in counts.items():
        parts = prepared.chunk_cache.read(prepared.plan, whole_tensor(prepared.plan, key))
        joined = joined or [torch.empty(total, dtype=part.dtype) for part in parts]
        for whole, part in zip(joined, parts, strict=True):
            whole[start : start + count] = part.reshape(-1)
        start += count
    return joined


def _no_values() -> Tensor:
    raise KernelUnsupportedError("a group of small tensors")


def _mask_params(prepared: PreparedMerge, sparsifier: Mapping[str, Any], key: str) -> SparsifyParams:
    draws = sparsifier and "thresholds" not in sparsifier
    keys = draw_keys(prepared.plan, key) if draws else ()
    return SparsifyParams.of(sparsifier, len(prepared.plan.experts), keys)


def draw_keys(plan: Plan, key: str) -> list[tuple[int, int]]:
    """Each expert's key of the random number generator, for kernels that draw by themselves."""
    return [key_of(plan.recipe.seed, content, key) for content in plan.hashes]


def _device_stack(
    prepared: PreparedMerge, base: Tensor, experts: Sequence[Tensor], params: SparsifyParams, context: StackContext
) -> DeviceStack:
    if prepared.schedule.on_gpu:
        from mergelab.kernels.gpu.stack import GpuStack

        return GpuStack(prepared.device, base, experts, params, context)
    from mergelab.kernels.cpu.stack import CpuStack  # importing numba takes a while

    return CpuStack(base, experts, params, context)


def _precomputed_stack(
    prepared: PreparedMerge,
    chunk: Chunk,
    sparsifier: Mapping[str, Any],
    base: Tensor,
    experts: Sequence[Tensor],
    context: StackContext,
) -> DeviceStack | None:
    """The deltas after DELLA, which ranks within rows and therefore runs before the kernel; None if one is not finite."""
    from mergelab.kernels.cpu.precomputed import PrecomputedStack
    from mergelab.kernels.cpu.row_ranking import DropProbabilities, thinned

    knobs = (broadcast_to_models(sparsifier[name], len(experts)) for name in ("density", "epsilon"))
    divides = sparsifier["rescale"] == "element"
    chances = [DropProbabilities(density, epsilon, divides) for density, epsilon in zip(*knobs, strict=True)]
    triples = zip(experts, chances, draw_keys(prepared.plan, chunk.key), strict=True)
    try:
        deltas = [thinned(base, expert, chunk.row, own, key, chunk.start) for expert, own, key in triples]
    except KernelUnsupportedError:
        return None
    return PrecomputedStack(base, deltas, context)
