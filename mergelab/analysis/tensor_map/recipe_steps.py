"""The experts' deltas after each step of a recipe, weight by weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mergelab.engine import PreparedMerge, Trace
from mergelab.methods.ops.reason import Reason


@dataclass(frozen=True)
class StepValues:
    """The deltas after the step called `name`: `values` (n_models, *shape). For some steps, `signs` (*shape) are the elected
    signs, and `shares` (n_models, *shape) each expert's share of the result."""

    name: str
    values: Tensor
    signs: Tensor | None = None
    shares: Tensor | None = None


def steps_of(prepared: PreparedMerge, traced: Trace, reason: Reason | None) -> Iterator[StepValues]:
    """The steps from the plain deltas to the merge, with experts in the plan's order; the last is the one that the method's
    `reason` names."""
    values = traced.deltas
    yield StepValues("delta", values)
    for step, after in zip(prepared.steps, traced.sparse, strict=True):
        knobs = step.knobs(traced.chunk.key)
        if step.owner == "match_norms":
            yield StepValues("match_norms", after)
        elif knobs.get("rescale", "none") != "none" and knobs.get("target", "delta") == "delta":
            yield StepValues("drop", torch.where(after != 0, values, 0.0))
            yield StepValues("rescale", after)
        else:
            yield StepValues("drop", after)
        values = after
    if "thresholds" in prepared.method.rule.inputs:
        yield StepValues("trim", traced.kept)
    if reason and reason.step:
        yield _inside(reason, traced)


def _inside(reason: Reason, traced: Trace) -> StepValues:
    """The step inside the method before it sums over experts. Experts of a tensor that stays as in the base have no share."""
    counted = torch.zeros(()) if traced.stays or reason.coefficients is None else reason.coefficients
    coefficients = counted.expand_as(traced.kept)
    values = coefficients * traced.kept if reason.values is None else reason.values
    return StepValues(reason.step, values.float(), reason.signs, coefficients if reason.mean else None)
