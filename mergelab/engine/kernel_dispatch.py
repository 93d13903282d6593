"""Hands stretches of a merge to the kernels, with what they need to know of the steps before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab.engine.inputs import Piece
from mergelab.engine.pipeline import Settled
from mergelab.engine.plan import Plan
from mergelab.kernels.arguments import Thinning
from mergelab.kernels.device_stack import Stored, fits
from mergelab.kernels.tensor_group import Joint
from mergelab.methods.ops.stack import UnfitError
from mergelab.methods.ops.thresholds import each_model
from mergelab.methods.sparsifiers.dare import limits
from mergelab.runtime.randomness import key_of

Formats = tuple[torch.dtype, ...]
"""Of a tensor in the merged model, the base and every expert."""


def stored_stack(
    settled: Settled,
    piece: Piece,
    found: Mapping[str, Any],
    step: Mapping[str, Any],
    values: Callable[[], Tensor],
    statistics: Mapping[str, Tensor],
) -> Stored | None:
    """The stored numbers of a piece behind the sieve of the sparsifier, whose settings are `step`; None where the
    kernels do not know their formats, or the sparsifier meets what is not finite. `values` gives what the reference
    functions would see."""
    plan = settled.plan
    if formats(plan, piece.key) is None:
        return None
    base, *experts = settled.at_hand.read(plan, piece)
    rest = (piece.start, values, found, piece.stop is None, statistics)
    if "epsilon" in step:
        return _ready_stack(plan, step, piece, base, experts, *rest)
    return _device_stack(settled, piece.key, base, experts, _thinning(plan, step, piece.key), *rest)


def joined_stack(settled: Settled, keys: Sequence[str], found: Mapping[str, Any], step: Mapping[str, Any]) -> Stored:
    """The stored numbers of whole tensors one after the other, all of the same formats and settings, behind a step that
    does not tell tensors apart. It has no float32 values: whoever wants those looks at the tensors one by one."""
    plan = settled.plan
    counts = {key: plan.base.specs[key].count for key in keys}
    base, *experts = _joined(settled, counts)
    thinning = _thinning(plan, step, keys[0])
    stack = _device_stack(settled, keys[0], base, experts, thinning, 0, _apart, found, True, {})
    stack.joint = Joint(counts, base, experts, thinning.thresholds)
    return stack


def _joined(settled: Settled, counts: Mapping[str, int]) -> list[Tensor]:
    """The base's and every expert's tensors one after the other, one tensor at hand beside them."""
    plan, total, joined, start = settled.plan, sum(counts.values()), list[Tensor](), 0
    for key, count in counts.items():
        parts = settled.at_hand.read(plan, Piece(key, plan.base.specs[key].shape))
        joined = joined or [torch.empty(total, dtype=part.dtype) for part in parts]
        for whole, part in zip(joined, parts, strict=True):
            whole[start : start + count] = part.reshape(-1)
        start += count
    return joined


def _apart() -> Tensor:
    raise UnfitError("small tensors that are taken as one")


def formats(plan: Plan, key: str) -> Formats | None:
    """How a tensor's numbers are stored; None where no kernel reads that."""
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    merged, base = plan.spec(key).dtype, plan.base.specs[key].dtype
    experts = [expert.specs[keys[key]].dtype for expert, keys in pairs]
    return (merged, base, *experts) if fits(base, experts, merged) else None


def _device_stack(
    settled: Settled, key: str, base: Tensor, experts: Sequence[Tensor], thinning: Thinning, *rest: Any
) -> Stored:
    """Stored numbers for the device's kernels; `rest` is what every `Stored` takes."""
    if settled.on_gpu:
        from mergelab.kernels.gpu.stack import DeviceStack

        return DeviceStack(settled.device, key, base, experts, thinning, *rest)
    from mergelab.kernels.cpu.stack import StoredStack  # numba takes a while to import

    return StoredStack(key, base, experts, thinning, *rest)


def _thinning(plan: Plan, step: Mapping[str, Any], key: str) -> Thinning:
    """The sparsifier, by its name and settings, as a kernel applies it."""
    thinning, count = Thinning.none(len(plan.experts)), len(plan.experts)
    if not step:
        return thinning
    if "thresholds" in step:
        thinning = thinning._replace(thresholds=step["thresholds"])
    else:
        drawn = torch.tensor(each_model(limits(step["density"]), count), dtype=torch.int64)
        thinning = thinning._replace(limits=drawn, keys=torch.tensor(draw_keys(plan, key)))
    return thinning.divided_by(step["density"]) if step["rescale"] == "inverse" else thinning


def draw_keys(plan: Plan, key: str) -> list[tuple[int, int]]:
    """Each expert's key of the generator."""
    return [key_of(plan.recipe.seed, content, key) for content in plan.hashes]


def _ready_stack(
    plan: Plan, step: Mapping[str, Any], piece: Piece, base: Tensor, experts: Sequence[Tensor], *rest: Any
) -> Stored | None:
    """What DELLA with the settings `step` leaves of the experts; None where a delta is not finite."""
    from mergelab.kernels.cpu.precomputed import ReadyStack
    from mergelab.kernels.cpu.row_ranking import Chances, thinned

    knobs = (each_model(step[name], len(experts)) for name in ("density", "epsilon"))
    divides = step["rescale"] == "element"
    chances = [Chances(density, epsilon, divides) for density, epsilon in zip(*knobs, strict=True)]
    triples = zip(experts, chances, draw_keys(plan, piece.key), strict=True)
    try:
        deltas = [thinned(base, expert, piece.row, own, key, piece.start) for expert, own, key in triples]
    except UnfitError:
        return None
    return ReadyStack(piece.key, base, deltas, *rest)
