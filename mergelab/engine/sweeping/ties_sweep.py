"""TIES at many densities, each survey running once for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.files.buffers import Pool
from mergelab.engine.execution import merge_job, merged_body
from mergelab.engine.merged_tensor import Merged
from mergelab.engine.planning.pipeline import PipelineStep
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.survey import prepare_method
from mergelab.engine.tensor_job import TensorJob
from mergelab.methods.ops.elementwise import count_kept
from mergelab.methods.ops.thresholds import SMALLEST, Ranking
from mergelab.methods.registry import ModelStatistic, Rule, Stack
from mergelab.methods.ties import Majority
from mergelab.runtime.progress import finish

Densities = Sequence[Sequence[float]]
"""Each model's density for each point of a sweep, the same for all tensors."""


class ThresholdsAt:
    """`Thresholds` at every point: the same counts give the thresholds of all densities."""

    def __init__(self, densities: Densities, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.densities, self.scope = densities, str(settings[0]["scope"])
        self.ranking, self.passes = Ranking(n_models), 2
        self.found = torch.empty(0)

    def update(self, stack: Stack) -> None:
        """Add a tensor, or a chunk of it, to the counts of this pass; one that is ranked by itself may need one pass only."""
        found = self._found_in(stack) if self.scope == "tensor" and stack.whole and self.passes == 2 else None
        if found is not None:
            self.found, self.passes = found.clamp(min=SMALLEST), 1
        elif self.passes == 2:
            self.ranking.add(stack)
        else:
            self.ranking.refine(stack)

    def finish_pass(self) -> None:
        """Choose the bins of all points after the first pass; find their thresholds after the second."""
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
        """How many of `count` entries each model keeps, for each point."""
        return [[count_kept(density, count) for density in each] for each in self.densities]


class MajorityAt(Majority):
    """`Majority` at every point, by that point's thresholds."""

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


def swept_bodies(prepared: PreparedMerge, densities: Densities) -> Iterator[dict[str, Tensor]]:
    """The merged body at every point, in memory that bodies release. The method of `prepared` is not surveyed yet."""
    swept = finish(prepare_method(replace(prepared, method=_surveying_all_points(prepared.method, densities))))
    pool = Pool()
    for point in range(len(densities)):
        yield finish(merged_body(swept, partial(_merge_at, swept, point, pool)))


def _surveying_all_points(method: PipelineStep, densities: Densities) -> PipelineStep:
    """TIES with surveys whose figures have an entry for every point."""
    surveys = {
        "thresholds": ModelStatistic(partial(ThresholdsAt, densities)),
        "majority": ModelStatistic(partial(MajorityAt, len(densities))),
    }
    rule: Rule = replace(method.rule, inputs={**method.rule.inputs, **surveys})
    return replace(method, rule=rule)


def _merge_at(swept: PreparedMerge, point: int, pool: Pool, key: str) -> Merged:
    """One tensor at one point, whose figures are entries of those for all points."""
    job = TensorJob.of(swept, swept.method, key)
    figures: Mapping[str, Any] = {name: job.settings[name][point] for name in swept.method.model_statistics}
    return merge_job(job.with_settings(figures), pool.empty)
