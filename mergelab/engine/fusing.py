"""Hands stretches of a merge to the kernels, with what they need to know of the steps before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab.engine.inputs import Piece
from mergelab.engine.plan import Plan
from mergelab.engine.stages import Settled
from mergelab.kernels.arguments import Thinning
from mergelab.kernels.stored import Stored, fits
from mergelab.methods.stack import UnfitError
from mergelab.methods.thresholds import each_model
from mergelab.randomness import key_of
from mergelab.sparsify.dare import limits


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
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    formats = [expert.specs[keys[piece.key]].dtype for expert, keys in pairs]
    if not fits(plan.base.specs[piece.key].dtype, formats, plan.spec(piece.key).dtype):
        return None
    base, *experts = settled.at_hand.read(plan, piece)
    rest = (piece.start, values, found, piece.stop is None, statistics)
    if "epsilon" in step:
        return _ready_stack(plan, step, piece, base, experts, *rest)
    thinning = _thinning(plan, step, piece.key)
    if settled.on_gpu:
        from mergelab.kernels.gpu.stack import DeviceStack

        return DeviceStack(settled.device, piece.key, base, experts, thinning, *rest)
    from mergelab.kernels.stretch import StoredStack  # numba takes a while to import

    return StoredStack(piece.key, base, experts, thinning, *rest)


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
    from mergelab.kernels.ranking import Chances, thinned
    from mergelab.kernels.ready import ReadyStack

    knobs = (each_model(step[name], len(experts)) for name in ("density", "epsilon"))
    divides = step["rescale"] == "element"
    chances = [Chances(density, epsilon, divides) for density, epsilon in zip(*knobs, strict=True)]
    triples = zip(experts, chances, draw_keys(plan, piece.key), strict=True)
    try:
        deltas = [thinned(base, expert, piece.row, own, key, piece.start) for expert, own, key in triples]
    except UnfitError:
        return None
    return ReadyStack(piece.key, base, deltas, *rest)
