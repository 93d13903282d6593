"""Run a prepared plan: one merged tensor after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import in_memory
from mergelab.checkpoints.files.buffers import empty
from mergelab.engine.inputs import Chunk, chunks, read_base, refuse_non_finite
from mergelab.engine.pipeline import PreparedMerge
from mergelab.engine.plan import Plan, Statistics, plan
from mergelab.engine.small_tensors import in_batches
from mergelab.engine.survey import apply, cached_deltas, plain_stack, prepare, settings, sparsified_deltas, stored_for
from mergelab.engine.threads import in_order
from mergelab.methods.ops.elementwise import zero_below_threshold
from mergelab.methods.ops.stack import KernelUnsupportedError, Stack
from mergelab.methods.ops.thresholds import own_thresholds
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.overrides import at
from mergelab.runtime.progress import Progress, ProgressGen, finish


@dataclass(frozen=True)
class Merged:
    """One finished tensor; `note` is set for what was copied instead of merged."""

    key: str
    tensor: Tensor
    note: str = ""


def run(prepared: PreparedMerge, merge: Callable[[str], Tensor] | None = None) -> Iterator[Merged]:
    """Merge tensor by tensor in the base's key order, copied tensors included, each when it is asked for or just before.

    `merge` gives a merged tensor where something else than `merge_tensor` does. What the rules had to say stands in
    `prepared.remarks` afterwards.
    """
    merge = merge or in_batches(prepared, partial(merge_tensor, prepared))
    plan, tied = prepared.plan, prepared.plan.compatibility.tied
    owners = {owner: merge(owner) for owner in sorted(set(tied.values()))}

    def finished(key: str) -> Merged:
        if key in plan.compatibility.left_out:
            return _copied(plan, key)
        owner = tied.get(key, key)
        return Merged(key, owners[owner] if owner in owners else merge(key))

    yield from in_order(finished, plan.base.specs, prepared.threads, lambda key: plan.spec(key).nbytes)


def merged_body(
    prepared: PreparedMerge, merge: Callable[[str], Tensor] | None = None
) -> ProgressGen[dict[str, Tensor]]:
    """`run` in memory: all tensors of the base's file keys."""
    body: dict[str, Tensor] = {}
    for merged in run(prepared, merge):
        body[merged.key] = merged.tensor
        yield Progress("Merging", len(body), len(prepared.plan.base.specs), merged.key)
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
    return finish(merged_body(finish(prepare(plan_in_memory(recipe_like, models, base, statistics)))))


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


def merge_tensor(
    prepared: PreparedMerge, key: str, make: Callable[[tuple[int, ...], torch.dtype], Tensor] = empty
) -> Tensor:
    """One merged tensor in its final dtype, on the CPU: float32 inside, rounded once. `make` gives the room for it."""
    spec = prepared.plan.spec(key)
    final = make(spec.shape, spec.dtype)
    for chunk in chunks(prepared.plan, key, prepared.stretch):
        _merge_into(final.reshape(-1)[chunk.start : chunk.stop], prepared, chunk)
    return final


def deltas(prepared: PreparedMerge, key: str) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); not to be changed in place."""
    return cached_deltas(prepared, _whole(prepared, key))


def sparse_deltas(prepared: PreparedMerge, key: str) -> Tensor:
    """The deltas that the sparsifier leaves, their norms matched if the recipe asks for it."""
    return sparsified_deltas(prepared, _whole(prepared, key))


def kept_deltas(prepared: PreparedMerge, key: str) -> Tensor:
    """The deltas that take part in the merge: after the sparsifier and after a method's own trim (TIES)."""
    return trimmed(prepared, key, sparse_deltas(prepared, key))


def trimmed(prepared: PreparedMerge, key: str, values: Tensor) -> Tensor:
    """What a method's own trim (TIES) keeps of sparse deltas, (n_models, *shape) or a stretch; others keep all."""
    if "thresholds" not in prepared.method.rule.inputs:
        return values
    found = settings(prepared, prepared.method, key)
    thresholds = found.get("thresholds")
    return zero_below_threshold(values, own_thresholds(values, found["density"]) if thresholds is None else thresholds)


def sparse_expert(prepared: PreparedMerge, place: int) -> ProgressGen[dict[str, Tensor]]:
    """The expert at `place` of the plan after the sparsifier, as a full model in the base's keys.

    DARE + Fisher takes its statistics on these (Yu et al. 2024).
    """
    plan, body = prepared.plan, {}
    for number, key in enumerate(plan.base.specs, 1):
        owner = plan.compatibility.tied.get(key, key)
        if owner in plan.keys:
            base = read_base(plan, _whole(prepared, owner), prepared.device)
            body[key] = (base + sparse_deltas(prepared, owner)[place]).cpu()
        else:
            body[key] = plan.base.read(key)
        yield Progress("Sparsifying", number, len(plan.base.specs), key)
    return body


def _whole(prepared: PreparedMerge, key: str) -> Chunk:
    return Chunk(key, prepared.plan.base.specs[key].shape)


def _merge_into(final: Tensor, prepared: PreparedMerge, chunk: Chunk) -> None:
    """One chunk of the merged model, rounded into its place."""
    stage, key = prepared.method, chunk.key
    if key in stage.idle:
        final.copy_(chunk.stored(prepared.plan.base, key).reshape(-1))
    else:
        found = settings(prepared, stage, key)
        if _fused(prepared, chunk, found, final):
            return
        final.copy_(merge_stack(prepared, chunk, plain_stack(prepared, stage, chunk, found)).reshape(-1))
    refuse_non_finite(final, key, "the merged model", "lower the scale, or choose a wider dtype")


def _fused(prepared: PreparedMerge, chunk: Chunk, found: Mapping[str, Any], final: Tensor) -> bool:
    """Let a kernel merge the chunk, if it can: whether it did."""
    stack = stored_for(prepared, prepared.method, chunk, found) if prepared.fuses and prepared.fused_merge else None
    if stack is None:
        return False
    try:
        stack.merge(prepared.method.rule.name, prepared.plan.positions, final)
    except KernelUnsupportedError:
        return False
    return True


def merge_stack(prepared: PreparedMerge, chunk: Chunk, stack: Stack) -> Tensor:
    """What the reference functions make of a chunk, float32; `stack` is what the method gets to see of it."""
    merged = apply(prepared, prepared.method, chunk, stack)
    factor = _depth_factor(prepared.plan, chunk.key)
    if prepared.method.rule.space == "weights" and factor == 1:
        return merged
    base = read_base(prepared.plan, chunk, prepared.device)
    change = merged if prepared.method.rule.space == "deltas" else merged - base
    change = change if factor == 1 else change * factor
    return torch.where(change == 0, base, base + change)  # -0.0 + 0.0 would be 0.0


def _depth_factor(plan: Plan, key: str) -> float:
    scale = plan.recipe.depth_scale
    return float(at(scale, plan.depths[key])) if scale else 1.0


def _copied(plan: Plan, key: str) -> Merged:
    return Merged(key, plan.base.read(key).clone(), plan.compatibility.left_out.get(key, "copied from the base"))
