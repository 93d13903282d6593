"""The rules of a recipe in the order in which they act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from mergelab.engine.findings import Findings
from mergelab.engine.planning.plan import Plan
from mergelab.methods.knobs import Knob
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
        return self._knobs(key) if self.plan.recipe.overrides else dict(self._shared_knobs)

    @cached_property
    def _shared_knobs(self) -> dict[str, Any]:
        """The knobs of every tensor, where no override makes them differ."""
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
        # Weights enter float32 arithmetic directly; a density such as 0.3 must stay exact until entries are counted.
        dtype = torch.float32 if weights and weights.name == name else torch.float64
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
