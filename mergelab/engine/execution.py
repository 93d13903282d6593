"""Run a settled plan: one merged tensor after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import in_memory
from mergelab.checkpoints.files.buffers import empty
from mergelab.engine.inputs import Piece, pieces, read_base, refuse_non_finite
from mergelab.engine.pipeline import Settled
from mergelab.engine.plan import Plan, Statistics, plan
from mergelab.engine.small_tensors import in_batches
from mergelab.engine.survey import apply, kept_or_read, plain_stack, settings, settle, stepped_deltas, stored_for
from mergelab.engine.threads import in_order
from mergelab.methods.ops.elementwise import keep_from
from mergelab.methods.ops.stack import Stack, UnfitError
from mergelab.methods.ops.thresholds import own_thresholds
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.overrides import at
from mergelab.runtime.progress import Progress, Steps, finish


@dataclass(frozen=True)
class Merged:
    """One finished tensor; `note` is set for what was copied instead of merged."""

    key: str
    tensor: Tensor
    note: str = ""


def run(settled: Settled, merge: Callable[[str], Tensor] | None = None) -> Iterator[Merged]:
    """Merge tensor by tensor in the base's key order, copied tensors included, each when it is asked for or just before.

    `merge` gives a merged tensor where something else than `merge_tensor` does. What the rules had to say stands in
    `settled.remarks` afterwards.
    """
    merge = merge or in_batches(settled, partial(merge_tensor, settled))
    plan, tied = settled.plan, settled.plan.compatibility.tied
    owners = {owner: merge(owner) for owner in sorted(set(tied.values()))}

    def finished(key: str) -> Merged:
        if key in plan.compatibility.left_out:
            return _copied(plan, key)
        owner = tied.get(key, key)
        return Merged(key, owners[owner] if owner in owners else merge(key))

    yield from in_order(finished, plan.base.specs, settled.threads, lambda key: plan.spec(key).nbytes)


def merged_body(settled: Settled, merge: Callable[[str], Tensor] | None = None) -> Steps[dict[str, Tensor]]:
    """`run` in memory: all tensors of the base's file keys."""
    body: dict[str, Tensor] = {}
    for merged in run(settled, merge):
        body[merged.key] = merged.tensor
        yield Progress("Merging", len(body), len(settled.plan.base.specs), merged.key)
    return body


def merge_state_dicts(
    recipe_like: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Tensor]],
    base: Mapping[str, Tensor] | None = None,
    statistics: Statistics | None = None,
) -> dict[str, Tensor]:
    """Merge state dicts that are already in memory.

    `recipe_like` is a recipe's mapping, such as `{"method": {"name": "ties", "density": 0.2}}`; where it leaves out
    `models`, all of `models` take part with weight 1. `statistics` holds what a method asks for, for example
    `{"fisher": {name: {key: tensor}}}`. Inputs are not changed. The result has the base's keys and, unless the recipe
    says otherwise, its dtypes. Raises ValueError (RecipeError, CheckpointError, MergeError) saying what does not fit.
    """
    return finish(merged_body(finish(settle(plan_in_memory(recipe_like, models, base, statistics)))))


def plan_in_memory(
    recipe_like: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Tensor]],
    base: Mapping[str, Tensor] | None,
    statistics: Statistics | None,
) -> Plan:
    """The plan of `merge_state_dicts` for these arguments."""
    recipe = Recipe.from_mapping(
        {key: value for key, value in recipe_like.items() if key != "base"}, models=list(models)
    )
    for expert in recipe.models:
        if expert.model not in models:
            raise RecipeError(f"the recipe names {expert.model!r}, but models holds {', '.join(map(repr, models))}")
    frame = in_memory("base", base) if base is not None else None
    experts = [in_memory(expert.model, models[expert.model]) for expert in recipe.models]
    return plan(recipe, frame, experts, statistics)


def merge_tensor(settled: Settled, key: str, make: Callable[[tuple[int, ...], torch.dtype], Tensor] = empty) -> Tensor:
    """One merged tensor in its final dtype, on the CPU: float32 inside, rounded once. `make` gives the room for it."""
    spec = settled.plan.spec(key)
    final = make(spec.shape, spec.dtype)
    for piece in pieces(settled.plan, key, settled.stretch):
        _merge_into(final.reshape(-1)[piece.start : piece.stop], settled, piece)
    return final


def deltas(settled: Settled, key: str) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); not to be changed in place."""
    return kept_or_read(settled, _whole(settled, key))


def sparse_deltas(settled: Settled, key: str) -> Tensor:
    """The deltas that the sparsifier leaves, their norms matched if the recipe asks for it."""
    return stepped_deltas(settled, _whole(settled, key))


def kept_deltas(settled: Settled, key: str) -> Tensor:
    """The deltas that take part in the merge: after the sparsifier and after a method's own trim (TIES)."""
    return trimmed(settled, key, sparse_deltas(settled, key))


def trimmed(settled: Settled, key: str, values: Tensor) -> Tensor:
    """What a method's own trim (TIES) keeps of sparse deltas, (n_models, *shape) or a stretch; others keep all."""
    if "thresholds" not in settled.method.rule.inputs:
        return values
    found = settings(settled, settled.method, key)
    thresholds = found.get("thresholds")
    return keep_from(values, own_thresholds(values, found["density"]) if thresholds is None else thresholds)


def sparse_expert(settled: Settled, place: int) -> Steps[dict[str, Tensor]]:
    """The expert at `place` of the plan after the sparsifier, as a full model in the base's keys.

    DARE + Fisher takes its statistics on these (Yu et al. 2024).
    """
    plan, body = settled.plan, {}
    for number, key in enumerate(plan.base.specs, 1):
        owner = plan.compatibility.tied.get(key, key)
        if owner in plan.keys:
            base = read_base(plan, _whole(settled, owner), settled.device)
            body[key] = (base + sparse_deltas(settled, owner)[place]).cpu()
        else:
            body[key] = plan.base.read(key)
        yield Progress("Sparsifying", number, len(plan.base.specs), key)
    return body


def _whole(settled: Settled, key: str) -> Piece:
    return Piece(key, settled.plan.base.specs[key].shape)


def _merge_into(final: Tensor, settled: Settled, piece: Piece) -> None:
    """One piece of the merged model, rounded into its place."""
    stage, key = settled.method, piece.key
    if key in stage.idle:
        final.copy_(piece.stored(settled.plan.base, key).reshape(-1))
    else:
        found = settings(settled, stage, key)
        if _fused(settled, piece, found, final):
            return
        final.copy_(merge_stack(settled, piece, plain_stack(settled, stage, piece, found)).reshape(-1))
    refuse_non_finite(final, key, "the merged model", "lower the scale, or choose a wider dtype")


def _fused(settled: Settled, piece: Piece, found: Mapping[str, Any], final: Tensor) -> bool:
    """Let a kernel merge the piece, if it can: whether it did."""
    stack = stored_for(settled, settled.method, piece, found) if settled.fuses and settled.fused_merge else None
    if stack is None:
        return False
    try:
        stack.merge(settled.method.rule.name, settled.plan.positions, final)
    except UnfitError:
        return False
    return True


def merge_stack(settled: Settled, piece: Piece, stack: Stack) -> Tensor:
    """What the reference functions make of a piece, float32; `stack` is what the method gets to see of it."""
    merged = apply(settled, settled.method, piece, stack)
    factor = _depth_factor(settled.plan, piece.key)
    if settled.method.rule.space == "weights" and factor == 1:
        return merged
    base = read_base(settled.plan, piece, settled.device)
    change = merged if settled.method.rule.space == "deltas" else merged - base
    change = change if factor == 1 else change * factor
    return torch.where(change == 0, base, base + change)  # -0.0 + 0.0 would be 0.0


def _depth_factor(plan: Plan, key: str) -> float:
    scale = plan.recipe.depth_scale
    return float(at(scale, plan.depths[key])) if scale else 1.0


def _copied(plan: Plan, key: str) -> Merged:
    return Merged(key, plan.base.read(key).clone(), plan.compatibility.left_out.get(key, "copied from the base"))
