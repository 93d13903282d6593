"""A plan with all survey results: from here on each tensor can be merged independently."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from mergelab.engine.findings import Findings
from mergelab.engine.planning.pipeline import PipelineStep, method_step, steps_before_method
from mergelab.engine.planning.plan import Plan
from mergelab.engine.planning.schedule import Schedule, schedule_for
from mergelab.engine.reading.chunks import Chunk
from mergelab.engine.reading.inputs import read_deltas
from mergelab.engine.reading.stored_chunks import ChunkCache


@dataclass(frozen=True)
class PreparedMerge:
    """A plan, the steps that carry it out with the findings of their surveys, and two caches of what was read.

    Nothing but the caches changes once it is made, and no result depends on them.
    """

    plan: Plan
    device: torch.device
    steps: tuple[PipelineStep, ...]
    """The steps before the method, which change deltas: the sparsifier, then matching norms."""
    method: PipelineStep
    chunk_cache: ChunkCache = field(default_factory=ChunkCache, compare=False)
    delta_cache: dict[str, Tensor] = field(default_factory=dict, compare=False)
    """Deltas of whole tensors by key, if the schedule keeps them."""

    @classmethod
    def unsurveyed(cls, plan: Plan, device: str) -> PreparedMerge:
        """A plan without survey results: enough for reading deltas."""
        return cls(plan, torch.device(device), steps_before_method(plan), method_step(plan))

    @cached_property
    def schedule(self) -> Schedule:
        """How the merge is carried out."""
        return schedule_for(self.plan, self.device, self.steps, self.method)

    def step(self, owner: str) -> PipelineStep:
        """The step that this field of the recipe names."""
        return next(step for step in (*self.steps, self.method) if step.owner == owner)

    def with_findings(self, owner: str, findings: Findings) -> PreparedMerge:
        """The same merge with other survey results of one step."""
        steps = tuple(replace(step, findings=findings) if step.owner == owner else step for step in self.steps)
        method = replace(self.method, findings=findings) if owner == "method" else self.method
        return replace(self, steps=steps, method=method)

    def deltas(self, chunk: Chunk) -> Tensor:
        """Every expert minus the base (n_models, *shape), in the tensor's arithmetic; not to be changed in place."""
        if chunk.key in self.delta_cache:
            return chunk.of(self.delta_cache[chunk.key])
        deltas = read_deltas(self.plan, chunk, self.device)
        if self.schedule.keeps_deltas:
            self.delta_cache[chunk.key] = deltas
        return deltas
