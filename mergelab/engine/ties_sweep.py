"""TIES at many densities: every survey answers for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.files.buffers import Pool
from mergelab.engine.execution import merge_tensor, merged_body
from mergelab.engine.pipeline import PipelineStep, PreparedMerge
from mergelab.engine.survey import settings, settle_method
from mergelab.methods.ops.elementwise import count_kept
from mergelab.methods.ops.thresholds import SMALLEST, Ranking
from mergelab.methods.registry import ModelStatistic, Rule, Stack
from mergelab.methods.ties import Majority
from mergelab.runtime.progress import finish

Densities = Sequence[Sequence[float]]
"""For each point of a sweep each model's density, the same for all tensors."""


class ThresholdsAt:
    """`Thresholds` at every point: all densities are found in the same counts."""

    def __init__(self, densities: Densities, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.densities, self.scope = densities, str(settings[0]["scope"])
        self.ranking, self.passes = Ranking(n_models), 2
        self.found = torch.empty(0)

    def update(self, stack: Stack) -> None:
        """Add one tensor, or a stretch of it, to the counts of this pass; one that is ranked by itself may be done in one."""
        found = self._found_in(stack) if self.scope == "tensor" and stack.whole and self.passes == 2 else None
        if found is not None:
            self.found, self.passes = found.clamp(min=SMALLEST), 1
        elif self.passes == 2:
            self.ranking.add(stack)
        else:
            self.ranking.refine(stack)

    def finish_pass(self) -> None:
        """After the first pass choose the bins of all points, after the second find their thresholds."""
        self.passes -= 1
        if self.passes:
            self.ranking.choose(*self._wanted(self.ranking.count))
        elif not len(self.found):
            self.found = torch.stack([self.ranking.magnitudes(point) for point in range(len(self.densities))])

    def value(self, settings: Mapping[str, Any]) -> Tensor:
        """float32 (n_points, n_models)."""
        return self.found

    def _found_in(self, stack: Stack) -> Tensor | None:
        return stack.largest_at(self._wanted(stack.count if stack.any() else 0))

    def _wanted(self, count: int) -> list[list[int]]:
        """For each point how many of so many entries each model keeps."""
        return [[count_kept(density, count) for density in each] for each in self.densities]


class MajorityAt(Majority):
    """`Majority` at every point, by the thresholds of each."""

    def __init__(self, n_points: int, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(n_models, settings)
        self.totals = torch.zeros(n_points, dtype=torch.int64)

    def update(self, stack: Stack) -> None:
        """Add the elected signs of one tensor."""
        knobs = stack.settings
        weights = knobs["weights"] if knobs["weigh"] == "before" else None
        elected = torch.tensor(stack.elections(knobs["thresholds"], weights, knobs["elect"]))
        with self.lock:
            self.totals += elected

    def value(self, settings: Mapping[str, Any]) -> list[int]:  # type: ignore[override]
        """The majority's sign at each point."""
        found: list[int] = self.totals.sign().tolist()
        return found


def merged_together(prepared: PreparedMerge, densities: Densities) -> Iterator[dict[str, Tensor]]:
    """The merged body at every point, in memory that bodies use again which are gone.

    `prepared` has not surveyed for its method yet.
    """
    swept = finish(settle_method(replace(prepared, method=_answering_for_all(prepared.method, densities))))
    pool = Pool()
    for point in range(len(densities)):
        at = replace(swept, method=replace(swept.method, surveys={}, local=set(swept.method.surveyed), found={}))
        yield finish(merged_body(at, partial(_merged, swept, at, point, pool)))


def _answering_for_all(stage: PipelineStep, densities: Densities) -> PipelineStep:
    """The stage of TIES with surveys whose results have an entry for every point."""
    surveys = {
        "thresholds": ModelStatistic(partial(ThresholdsAt, densities)),
        "majority": ModelStatistic(partial(MajorityAt, len(densities))),
    }
    rule: Rule = replace(stage.rule, inputs={**stage.rule.inputs, **surveys})
    return replace(stage, rule=rule)


def _merged(swept: PreparedMerge, at: PreparedMerge, point: int, pool: Pool, key: str) -> Tensor:
    """One tensor at one point, which knows of it what surveys found for all points."""
    found = settings(swept, swept.method, key)
    at.method.found[key] = {name: partial(_given, found[name][point]) for name in swept.method.surveyed}
    return merge_tensor(at, key, pool.empty)


def _given(value: Any) -> Any:
    return value
