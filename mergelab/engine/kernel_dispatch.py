"""Hands stretches of a merge to the kernels, with what they need to know of the steps before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab.engine.inputs import Chunk
from mergelab.engine.pipeline import PreparedMerge
from mergelab.engine.plan import Plan
from mergelab.kernels.arguments import SparsifyParams
from mergelab.kernels.device_stack import DeviceStack, fits
from mergelab.kernels.tensor_group import TensorGroup
from mergelab.methods.ops.stack import KernelUnsupportedError
from mergelab.methods.ops.thresholds import broadcast_to_models
from mergelab.methods.sparsifiers.dare import limits
from mergelab.runtime.randomness import key_of

Formats = tuple[torch.dtype, ...]
"""Of a tensor in the merged model, the base and every expert."""


def stored_stack(
    prepared: PreparedMerge,
    chunk: Chunk,
    found: Mapping[str, Any],
    step: Mapping[str, Any],
    values: Callable[[], Tensor],
    statistics: Mapping[str, Tensor],
) -> DeviceStack | None:
    """The stored numbers of a chunk behind the sieve of the sparsifier, whose settings are `step`; None where the
    kernels do not know their formats, or the sparsifier meets what is not finite. `values` gives what the reference
    functions would see."""
    plan = prepared.plan
    if formats(plan, chunk.key) is None:
        return None
    base, *experts = prepared.at_hand.read(plan, chunk)
    rest = (chunk.start, values, found, chunk.stop is None, statistics)
    if "epsilon" in step:
        return _ready_stack(plan, step, chunk, base, experts, *rest)
    return _device_stack(prepared, chunk.key, base, experts, _thinning(plan, step, chunk.key), *rest)


def joined_stack(
    prepared: PreparedMerge, keys: Sequence[str], found: Mapping[str, Any], step: Mapping[str, Any]
) -> DeviceStack:
    """The stored numbers of whole tensors one after the other, all of the same formats and settings, behind a step that
    does not tell tensors apart. It has no float32 values: whoever wants those looks at the tensors one by one."""
    plan = prepared.plan
    counts = {key: plan.base.specs[key].count for key in keys}
    base, *experts = _joined(prepared, counts)
    thinning = _thinning(plan, step, keys[0])
    stack = _device_stack(prepared, keys[0], base, experts, thinning, 0, _apart, found, True, {})
    stack.joint = TensorGroup(counts, base, experts, thinning.thresholds)
    return stack


def _joined(prepared: PreparedMerge, counts: Mapping[str, int]) -> list[Tensor]:
    """The base's and every expert's tensors one after the other, one tensor at hand beside them."""
    plan, total, joined, start = prepared.plan, sum(counts.values()), list[Tensor](), 0
    for key, count in counts.items():
        parts = prepared.at_hand.read(plan, Chunk(key, plan.base.specs[key].shape))
        joined = joined or [torch.empty(total, dtype=part.dtype) for part in parts]
        for whole, part in zip(joined, parts, strict=True):
            whole[start : start + count] = part.reshape(-1)
        start += count
    return joined


def _apart() -> Tensor:
    raise KernelUnsupportedError("small tensors that are taken as one")


def formats(plan: Plan, key: str) -> Formats | None:
    """How a tensor's numbers are stored; None where no kernel reads that."""
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    merged, base = plan.spec(key).dtype, plan.base.specs[key].dtype
    experts = [expert.specs[keys[key]].dtype for expert, keys in pairs]
    return (merged, base, *experts) if fits(base, experts, merged) else None


def _device_stack(
    prepared: PreparedMerge, key: str, base: Tensor, experts: Sequence[Tensor], thinning: SparsifyParams, *rest: Any
) -> DeviceStack:
    """Stored numbers for the device's kernels; `rest` is what every `DeviceStack` takes."""
    if prepared.on_gpu:
        from mergelab.kernels.gpu.stack import GpuStack

        return GpuStack(prepared.device, key, base, experts, thinning, *rest)
    from mergelab.kernels.cpu.stack import CpuStack  # numba takes a while to import

    return CpuStack(key, base, experts, thinning, *rest)


def _thinning(plan: Plan, step: Mapping[str, Any], key: str) -> SparsifyParams:
    """The sparsifier, by its name and settings, as a kernel applies it."""
    thinning, count = SparsifyParams.none(len(plan.experts)), len(plan.experts)
    if not step:
        return thinning
    if "thresholds" in step:
        thinning = thinning._replace(thresholds=step["thresholds"])
    else:
        drawn = torch.tensor(broadcast_to_models(limits(step["density"]), count), dtype=torch.int64)
        thinning = thinning._replace(limits=drawn, keys=torch.tensor(draw_keys(plan, key)))
    return thinning.divided_by(step["density"]) if step["rescale"] == "inverse" else thinning


def draw_keys(plan: Plan, key: str) -> list[tuple[int, int]]:
    """Each expert's key of the generator."""
    return [key_of(plan.recipe.seed, content, key) for content in plan.hashes]


def _ready_stack(
    plan: Plan, step: Mapping[str, Any], chunk: Chunk, base: Tensor, experts: Sequence[Tensor], *rest: Any
) -> DeviceStack | None:
    """What DELLA with the settings `step` leaves of the experts; None where a delta is not finite."""
    from mergelab.kernels.cpu.precomputed import PrecomputedStack
    from mergelab.kernels.cpu.row_ranking import DropProbabilities, thinned

    knobs = (broadcast_to_models(step[name], len(experts)) for name in ("density", "epsilon"))
    divides = step["rescale"] == "element"
    chances = [DropProbabilities(density, epsilon, divides) for density, epsilon in zip(*knobs, strict=True)]
    triples = zip(experts, chances, draw_keys(plan, chunk.key), strict=True)
    try:
        deltas = [thinned(base, expert, chunk.row, own, key, chunk.start) for expert, own, key in triples]
    except KernelUnsupportedError:
        return None
    return PrecomputedStack(chunk.key, base, deltas, *rest)
