"""The rules of a recipe in the order they act, each with its knobs for every tensor and what its surveys found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from mergelab import kernels
from mergelab.checkpoints import StateDict, is_plain
from mergelab.checkpoints.files.buffers import HUGE
from mergelab.engine.chunk_cache import ChunkCache
from mergelab.engine.memory_budget import chunk_plan
from mergelab.engine.plan import Plan
from mergelab.kernels import gpu
from mergelab.methods.knobs import Knob
from mergelab.methods.ops.norms import MATCH_NORMS
from mergelab.methods.registry import ModelStatistic, Rule, Survey

STRETCH = 1 << 20
"""Entries handed over at once where rules work entry by entry: what all temporaries of a stretch take stays small."""
FUSED_STRETCH = 24 << 20
"""Entries of all models together handed to a kernel at once: it needs no temporaries."""
GPU_STRETCH = 64 << 20
"""The same for a GPU, which takes as long to start a kernel as to merge a million entries."""
LANES = 3
"""Tensors that a GPU works on at once: one is read, one copied, one merged."""
STEP = 1 << 14
"""Stretches for kernels start at multiples of this."""
PAGE = HUGE // 2
"""Half-precision numbers in a huge page. Long stretches fill whole ones: what leaves much of its last page empty is read
into small pages, which takes far longer."""
KEEP_BYTES = 64 << 20
"""Deltas of up to so many bytes are read once per merge; larger models are read again in each pass."""
FUSED_FROM = 16 << 20
"""Smaller models are merged by the reference functions: the kernels take longer to compile than those to run."""
SIEVES: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "trim": lambda knobs: knobs["rescale"] != "l1",
    "dare": lambda knobs: knobs["rescale"] != "l1" and knobs["target"] == "delta",
    "della": lambda knobs: knobs["rescale"] != "l1",
}
"""ProgressGen that a kernel can do before others look at what is left, and for which knobs; those by row on the CPU only."""


@dataclass
class PipelineStep:
    """One rule of a recipe. `owner` is the recipe's field that speaks of it."""

    owner: str
    rule: Rule
    plan: Plan
    surveys: dict[str, Survey] = field(default_factory=dict)
    """Finished surveys of the whole model, by argument."""
    local: set[str] = field(default_factory=set)
    """Arguments that a survey of each single tensor fills in."""
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What those surveys found, by tensor and argument."""
    idle: set[str] = field(default_factory=set)
    """Tensors in which a survey saw no delta at all; they stay as the base has them."""

    def knobs(self, key: str) -> dict[str, Any]:
        """Every knob for one tensor: a number, a word, or where experts differ a tensor (n_models,) in the plan's order."""
        return dict(self._everywhere) if not self.plan.recipe.overrides else self._knobs(key)

    @cached_property
    def _everywhere(self) -> dict[str, Any]:
        """The knobs of every tensor where no override makes them differ."""
        return self._knobs(self.plan.keys[0]) if self.plan.keys else {}

    def _knobs(self, key: str) -> dict[str, Any]:
        if self.owner == "match_norms":
            return {"scope": self.plan.recipe.match_norms}
        given = self.plan.recipe.settings(self.owner, key, self.plan.depths[key])
        weights = self.rule.per_model
        return {name: self._value(value, weights, name) for name, value in given.items()}

    def _value(self, value: Any, weights: Knob | None, name: str) -> Any:
        if not isinstance(value, tuple):
            return value
        # Only weights enter the arithmetic as they are; a density of 0.3 must stay exact until entries are counted.
        dtype = torch.float32 if weights and weights.name == name else torch.float64
        return torch.tensor([value[place] for place in self.plan.positions], dtype=dtype)

    @property
    def surveyed(self) -> dict[str, ModelStatistic]:
        """The arguments that surveys fill in."""
        return self.rule.wanting(ModelStatistic)

    @property
    def splits(self) -> bool:
        """Whether it can treat a stretch of a tensor without the rest; words among knobs are the same for all tensors."""
        return not self.plan.keys or self.rule.splits(self.knobs(self.plan.keys[0]))


@dataclass(frozen=True)
class PreparedMerge:
    """A plan whose surveys are done: any tensor can now be merged by itself, in any order."""

    plan: Plan
    device: torch.device
    steps: tuple[PipelineStep, ...]
    """What changes the deltas before the merge: the sparsifier, then matching norms."""
    method: PipelineStep
    said: dict[str, list[str]] = field(default_factory=dict)
    """What rules remarked about each tensor."""
    at_hand: ChunkCache = field(default_factory=ChunkCache)
    kept: dict[str, Tensor] = field(default_factory=dict)
    """Deltas of a model small enough to hold on to between passes, by key."""

    @property
    def remarks(self) -> list[str]:
        """What rules remarked, tensor by tensor in the model's order, whichever was merged first."""
        return [f"{key}: {sentence}" for key in self.plan.keys for sentence in self.said.get(key, ())]

    @property
    def keeps(self) -> bool:
        """Whether all deltas together fit into `KEEP_BYTES`."""
        return 4 * self.plan.parameters * len(self.plan.experts) <= KEEP_BYTES

    @property
    def splits(self) -> bool:
        """Whether tensors can be merged in stretches."""
        return not self.keeps and all(stage.splits for stage in (*self.steps, self.method))

    @property
    def large(self) -> bool:
        """Whether kernels save more time than compiling them takes."""
        return self.plan.parameters >= FUSED_FROM

    @cached_property
    def on_gpu(self) -> bool:
        """Whether kernels would be the GPU's."""
        return gpu.takes(self.device)

    @cached_property
    def fuses(self) -> bool:
        """Whether kernels can read the deltas as they are stored: from plain files, in stretches, after no other step than
        one that sieves."""
        plain = all(is_plain(checkpoint) for checkpoint in (self.plan.base, *self.plan.experts))
        sieving = all(
            stage.rule.name in SIEVES and SIEVES[stage.rule.name](stage.knobs(self.plan.keys[0]))
            for stage in self.steps
        ) and not (self.on_gpu and self.plan.by_row)
        kernels_at_hand = self.on_gpu or (self.device.type == "cpu" and kernels.available())
        return kernels_at_hand and self.large and self.splits and plain and sieving

    @property
    def stretch(self) -> int | None:
        """The most entries of a tensor that are treated at once; None where tensors stay whole."""
        if not self.splits:
            return None
        return self.shares[1] if self.fuses and self.fused_merge else STRETCH

    @property
    def threads(self) -> int:
        """Tensors that are worked on at once: kernels and linear algebra use one thread each, other functions all of
        them."""
        if self.fuses and self.fused_merge:
            return self.shares[0]
        return torch.get_num_threads() if self.method.rule.on_one_thread and self.device.type == "cpu" else 1

    @cached_property
    def shares(self) -> tuple[int, int]:
        """Threads and the length of a stretch for kernels."""
        threads, together = (LANES, GPU_STRETCH) if self.on_gpu else (torch.get_num_threads(), FUSED_STRETCH)
        longest = STRETCH if self.plan.by_row else together // (len(self.plan.experts) + 1)
        if not self.resident:
            threads, longest = chunk_plan(self.plan, threads, longest, STRETCH)
        return threads, longest // PAGE * PAGE or longest // STEP * STEP

    @property
    def resident(self) -> bool:
        """Whether all models are in memory anyway."""
        return all(isinstance(checkpoint, StateDict) for checkpoint in (self.plan.base, *self.plan.experts))

    @cached_property
    def fused_merge(self) -> bool:
        """Whether, where deltas are fused, the method itself is a kernel too, not only what comes before it."""
        if self.steps and self.method.rule.space == "weights":
            return False
        kernel_module = import_module("mergelab.kernels.gpu.stack" if self.on_gpu else "mergelab.kernels.cpu.stack")
        return self.method.rule.name in kernel_module.FUSED and not self.plan.recipe.depth_scale

    @classmethod
    def unsurveyed(cls, plan: Plan, device: str) -> PreparedMerge:
        """A plan whose rules have not looked at the whole model yet: good for reading deltas alone."""
        recipe = plan.recipe
        rules: Mapping[str, Rule | None] = {
            "sparsify": recipe.sparsifier,
            "match_norms": MATCH_NORMS if recipe.match_norms != "none" else None,
        }
        steps = tuple(PipelineStep(owner, rule, plan) for owner, rule in rules.items() if rule)
        return cls(plan, torch.device(device), steps, PipelineStep("method", recipe.rule, plan))
