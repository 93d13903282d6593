"""Averages the running statistics of batch normalisation and codebooks, by one rule for all methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mergelab.engine.merged_tensor import Merged
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.reading.chunks import whole_tensor
from mergelab.engine.reading.finite_check import refuse_non_finite
from mergelab.engine.reading.inputs import read_base, read_experts
from mergelab.methods.ops.elementwise import per_model, weighted_mean
from mergelab.recipe.overrides import at

AVERAGED = (
    "running statistics describe data and are no direction in weight space, so they are averaged over the models with "
    "weights of at least 0, whatever the method; statistics of the merged model itself are better: run it on training "
    "data in train mode"
)


def averaged(prepared: PreparedMerge, key: str, final: Tensor) -> Merged:
    """A running statistic, written to `final` and rounded once: the mean over the models by their shares, in float64.

    The mean lies between the models' values, so a variance is never negative, and equal models give theirs back.
    """
    plan, whole, device = prepared.plan, whole_tensor(prepared.plan, key), prepared.device
    parts = shares(prepared, key).to(device)
    values = torch.cat([read_experts(plan, whole, device), read_base(plan, whole, device)[None]]).double()
    final.copy_(_mean_of(values[parts > 0], parts[parts > 0]))
    refuse_non_finite(final, key, "the merged model", "choose a wider dtype")
    alike = _all_equal(values if parts[-1] > 0 else values[:-1])
    return Merged(key, final, remarks=() if alike else (AVERAGED,))


def shares(prepared: PreparedMerge, key: str) -> Tensor:
    """The share of every expert, then of the base, in a running statistic: float64 (n_models + 1,), at least 0, sum 1.

    Together the experts have as much as the recipe moves the merged model towards them: the knob `scale`, if the method
    has one, times the sum of their weights, at most 1. Negative weights and scales count as 0.
    """
    plan, knobs = prepared.plan, prepared.method.knobs(key)
    parts = _parts(prepared, knobs).clamp(min=0)
    total, scale = float(parts.sum()), plan.recipe.depth_scale
    moved = float(knobs["scale"]) * total if "scale" in knobs else float(total > 0)
    moved *= float(at(scale, plan.depths[key])) if scale else 1.0
    moved = min(max(moved, 0.0), 1.0)
    return torch.cat([parts / (total or 1.0) * moved, parts.new_tensor([1 - moved])])


def _parts(prepared: PreparedMerge, knobs: Mapping[str, Any]) -> Tensor:
    """How much each expert counts, float64 (n_models,): by the method's own rule, by weight, or all alike."""
    plan, rule = prepared.plan, prepared.method.rule
    if rule.parts and (given := rule.parts(knobs, len(plan.experts))):
        return torch.tensor([given[place] for place in plan.positions], dtype=torch.float64)
    weights = knobs[rule.per_model.name] if rule.per_model else torch.ones(len(plan.experts))
    return torch.as_tensor(weights, dtype=torch.float64)


def _mean_of(values: Tensor, parts: Tensor) -> Tensor:
    mean = weighted_mean(values, per_model(parts, values))
    return mean.clamp(values.amin(0), values.amax(0))  # rounding may leave the range by a bit


def _all_equal(values: Tensor) -> bool:
    return bool((values == values[0]).all())
