"""The rules of a recipe in the order in which they act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from mergelab.engine.findings import Findings
from mergelab.engine.planning.plan import Plan
from mergelab.methods.ops.norms import MATCH_NORMS
from mergelab.methods.registry import ModelStatistic, Rule


@dataclass(frozen=True)
class PipelineStep:
    """One rule of a recipe: a sparsifier, matching norms, or the method. `owner` is the recipe's field that names it."""

    owner: str
    rule: Rule
    plan: Plan
    findings: Findings = field(default_factory=Findings)

    def settings(self, key: str) -> dict[str, Any]:
        """The knobs for one tensor, then what surveys of the whole model found."""
        settings = self.knobs(key)
        for name, survey in self.findings.model_wide.items():
            settings[name] = survey.value(settings)
        return settings

    def knobs(self, key: str) -> dict[str, Any]:
        """Every knob for one tensor: a number or a word, or a tensor (n_models,) in the plan's order if experts differ."""
        return self._knobs(key) if self.plan.recipe.overrides else dict(self._shared_knobs(key))

    def _shared_knobs(self, key: str) -> dict[str, Any]:
        """The knobs of every tensor with the same arithmetic, where no override makes them differ."""
        dtype = self.plan.arithmetic[key]
        if dtype not in self._known:
            self._known[dtype] = self._knobs(key)
        return self._known[dtype]

    @cached_property
    def _known(self) -> dict[torch.dtype, dict[str, Any]]:
        return {}

    def _knobs(self, key: str) -> dict[str, Any]:
        if self.owner == "match_norms":
            return {"scope": self.plan.recipe.match_norms}
        given = self.plan.recipe.settings(self.owner, key, self.plan.depths[key])
        weights = self.rule.per_model
        # Weights enter the arithmetic directly; a density such as 0.3 must stay exact until entries are counted.
        dtypes = {weights.name: self.plan.arithmetic[key]} if weights else {}
        return {name: self._value(value, dtypes.get(name, torch.float64)) for name, value in given.items()}

    def _value(self, value: Any, dtype: torch.dtype) -> Any:
        if not isinstance(value, tuple):
            return value
        return torch.tensor([value[place] for place in self.plan.positions], dtype=dtype)

    @property
    def model_statistics(self) -> dict[str, ModelStatistic]:
        """The arguments that surveys fill in."""
        return self.rule.wanting(ModelStatistic)

    @property
    def splits(self) -> bool:
        """Whether a chunk of a tensor can be treated without the rest. Overrides cannot change the knobs that decide it."""
        return not self.plan.keys or self.rule.splits(self.knobs(self.plan.keys[0]))


def steps_before_method(plan: Plan) -> tuple[PipelineStep, ...]:
    """The steps that change the deltas before the method: the sparsifier, then matching norms."""
    rules: Mapping[str, Rule | None] = {
        "sparsify": plan.recipe.sparsifier,
        "match_norms": MATCH_NORMS if plan.recipe.match_norms != "none" else None,
    }
    return tuple(PipelineStep(owner, rule, plan) for owner, rule in rules.items() if rule)


def method_step(plan: Plan) -> PipelineStep:
    """The last step: the method."""
    return PipelineStep("method", plan.recipe.rule, plan)
