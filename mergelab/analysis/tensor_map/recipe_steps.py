"""What each step of a recipe does to the experts' deltas, coordinate by coordinate."""

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
class Step:
    """`values` (n_models, *shape) are what each expert has after the step called `name`; where the step is about it, `signs`
    (*shape) are the elected ones and `shares` (n_models, *shape) each expert's share of the result."""

    name: str
    values: Tensor
    signs: Tensor | None = None
    shares: Tensor | None = None


def steps_of(prepared: PreparedMerge, traced: Trace) -> Iterator[Step]:
    """The steps from the plain deltas to what is merged, in the plan's order of experts."""
    values = traced.deltas
    yield Step("delta", values)
    for stage, after in zip(prepared.steps, traced.sparse, strict=True):
        knobs = stage.knobs(traced.chunk.key)
        if stage.owner == "match_norms":
            yield Step("match_norms", after)
        elif knobs.get("rescale", "none") != "none" and knobs.get("target", "delta") == "delta":
            yield Step("drop", torch.where(after != 0, values, 0.0))
            yield Step("rescale", after)
        else:
            yield Step("drop", after)
        values = after
    if "thresholds" in prepared.method.rule.inputs:
        yield Step("trim", traced.kept)
    if within := WITHIN.get(prepared.method.rule.name):
        yield within(traced)


def _elected(traced: Trace) -> Step:
    won = election(traced.kept, **_given(election, traced))
    return Step("elect", torch.where(won.agree, traced.kept, 0.0), signs=won.signs)


def _pulled(traced: Trace) -> Step:
    return _shared(traced, strengths(traced.arguments["information"].cpu(), **_given(strengths, traced)))


def _averaged(traced: Trace) -> Step:
    return _shared(traced, per_model(traced.arguments["weights"], traced.kept).expand_as(traced.kept))


def _shared(traced: Trace, pulls: Tensor) -> Step:
    """Shares are those of `weighted_mean`: where all pulls are 0, equal ones."""
    total = pulls.sum(0)
    shares = torch.where(total == 0, 1 / len(pulls), pulls / torch.where(total == 0, 1.0, total))
    return Step("weigh", shares * traced.kept, shares=shares)


def _weighted(traced: Trace) -> Step:
    return Step("weigh", traced.kept * per_model(traced.arguments["weights"], traced.kept))


def _given(function: Callable[..., Any], traced: Trace) -> dict[str, Any]:
    """The method's arguments that `function` takes beside its first one."""
    given = {name: traced.arguments.get(name) for name in list(signature(function).parameters)[1:]}
    return {name: value.cpu() if isinstance(value, Tensor) else value for name, value in given.items()}


WITHIN: dict[str, Callable[[Trace], Step]] = {
    "ties": _elected,
    "fisher": _pulled,
    "average": _averaged,
    "task_arithmetic": _weighted,
}
"""What happens inside a method before it adds up, for methods that can be seen through."""
