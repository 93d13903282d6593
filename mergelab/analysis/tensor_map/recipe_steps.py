"""The experts' deltas after each step of a recipe, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor

from mergelab.engine import PreparedMerge, Trace
from mergelab.methods.fisher import strengths
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.ties import election


@dataclass(frozen=True)
class StepValues:
    """The deltas after the step called `name`: `values` (n_models, *shape). For some steps, `signs` (*shape) are the elected
    signs, and `shares` (n_models, *shape) each expert's share of the result."""

    name: str
    values: Tensor
    signs: Tensor | None = None
    shares: Tensor | None = None


def steps_of(prepared: PreparedMerge, traced: Trace) -> Iterator[StepValues]:
    """The steps from the plain deltas to the merge, with experts in the plan's order."""
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
    if within := WITHIN.get(prepared.method.rule.name):
        yield within(traced)


def _elected(traced: Trace) -> StepValues:
    won = election(traced.kept, **_given(election, traced))
    return StepValues("elect", torch.where(won.agree, traced.kept, 0.0), signs=won.signs)


def _pulled(traced: Trace) -> StepValues:
    return _shared(traced, strengths(traced.arguments["information"].cpu(), **_given(strengths, traced)))


def _averaged(traced: Trace) -> StepValues:
    return _shared(traced, per_model(traced.arguments["weights"], traced.kept).expand_as(traced.kept))


def _shared(traced: Trace, pulls: Tensor) -> StepValues:
    """The shares of `weighted_mean`: equal where all pulls are 0, unless no expert has a weight and the base stays."""
    total, alike = pulls.sum(0), 1 / len(pulls) if bool(traced.arguments["weights"].any()) else 0.0
    shares = torch.where(total == 0, alike, pulls / torch.where(total == 0, 1.0, total))
    return StepValues("weigh", shares * traced.kept, shares=shares)


def _weighted(traced: Trace) -> StepValues:
    return StepValues("weigh", traced.kept * per_model(traced.arguments["weights"], traced.kept))


def _given(function: Callable[..., Any], traced: Trace) -> dict[str, Any]:
    """The method's arguments that `function` takes besides its first one."""
    given = {name: traced.arguments.get(name) for name in list(signature(function).parameters)[1:]}
    return {name: value.cpu() if isinstance(value, Tensor) else value for name, value in given.items()}


WITHIN: dict[str, Callable[[Trace], StepValues]] = {
    "ties": _elected,
    "fisher": _pulled,
    "average": _averaged,
    "task_arithmetic": _weighted,
}
"""The last step inside a method before it sums over experts, for methods that have one."""
