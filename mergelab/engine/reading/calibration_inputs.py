"""Reads chunks of the calibration statistics that a method asks for."""

from __future__ import annotations

import torch
from torch import Tensor

from mergelab.engine.planning.plan import Plan
from mergelab.engine.reading.chunks import Chunk
from mergelab.engine.reading.finite_check import MergeError, refuse_non_finite
from mergelab.methods.registry import Statistic


def read_statistics(plan: Plan, chunk: Chunk, device: torch.device) -> dict[str, Tensor]:
    """The method's statistics of one chunk by kind, each (n_models, *statistic's shape) in float32.

    A partial statistic that no expert has for this tensor is left out.
    """
    found = {}
    for mark in plan.recipe.rule.wanting(Statistic).values():
        shape = mark.shape(plan.base.specs[chunk.key].shape)
        if shape is not None and not (mark.partial and _nobody_has(plan, mark.kind, chunk.key)):
            found[mark.kind] = _statistic(plan, mark.kind, chunk, shape).to(device)
    return found


def _nobody_has(plan: Plan, kind: str, key: str) -> bool:
    given = plan.statistics.get(kind, {})
    return not any(key in given.get(expert.name, {}) for expert in plan.experts)


def _statistic(plan: Plan, kind: str, chunk: Chunk, shape: tuple[int, ...]) -> Tensor:
    given, key = plan.statistics.get(kind, {}), chunk.key
    _refuse_missing(plan, kind, key)
    values = [given[expert.name][key].detach() for expert in plan.experts]
    for expert, found in zip(plan.experts, values, strict=True):
        if found.shape != shape:
            raise MergeError(
                f"the {kind} statistics of {expert.name} for {key} have shape {tuple(found.shape)}, the tensor has {tuple(shape)}"
            )
        refuse_non_finite(found, key, f"the {kind} statistics of {expert.name}", "estimate them again")
    whole = shape != plan.base.specs[key].shape
    return torch.stack([(found if whole else chunk.of(found)).float() for found in values])


def _refuse_missing(plan: Plan, kind: str, key: str) -> None:
    given = plan.statistics.get(kind, {})
    missing = [expert.name for expert in plan.experts if key not in given.get(expert.name, {})]
    if missing:
        raise MergeError(
            f"{plan.recipe.method.name} needs the {kind} statistics of {', '.join(missing)} for {key}: give statistics={{{kind!r}: {{name: {{key: tensor}}}}}}"
        )
