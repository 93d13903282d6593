"""A recipe under construction from one part of a mergekit config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mergelab.recipe.mergekit.config import Config
from mergelab.recipe.mergekit.method_table import PARAMETERS, WEIGHT, Reading
from mergelab.recipe.mergekit.parameters import Parameters
from mergelab.recipe.mergekit.values import EVERYWHERE, LayerwiseValue, Override, grouped

CANCELLED = 1e-8
"""Weights are not normalised if their sum is smaller than this, as in mergekit."""


@dataclass(frozen=True)
class Draft:
    """A recipe's mapping under construction. `chains` holds overrides by model (None: all) and by place."""

    fields: Mapping[str, Any]
    stages: dict[str, Any]
    experts: dict[str, dict[str, Any]]
    chains: dict[str | None, dict[str, tuple[Override, ...]]]

    def set(self, place: str, value: float | None) -> None:
        """Set a number for the whole merge."""
        if value is not None and place != WEIGHT:
            owner, _, knob = place.partition(".")
            self.stages[owner][knob] = value

    def get(self, place: str) -> float | None:
        """The number for the whole merge; None for weights, which only experts have."""
        owner, _, knob = place.partition(".")
        return None if place == WEIGHT else self.stages[owner][knob]

    def mapping(self) -> dict[str, Any]:
        """The recipe's mapping."""
        groups = [grouped(chains, model) for model, chains in self.chains.items()]
        overrides = [entry for group in groups for entry in group]
        return {**self.fields, **self.stages, "models": list(self.experts.values()), "overrides": overrides}


def draft_of(
    problems: list[str], config: Config, reading: Reading, models: Sequence[str], parameters: Parameters
) -> Draft:
    """The draft for one part of the config, which merges `models` as `reading` says; problems are appended."""
    problems += [
        f"{model} is listed twice: list it once" for model in sorted({m for m in models if models.count(m) > 1})
    ]
    fields = {"base": config.base_model or config.under_adapters, "dtype": config.dtype, **config.file_choices}
    chains = {model: _in_order(reading, parameters, model) for model in (None, *models)}
    draft = Draft(fields, reading.stages({}), {model: {"model": model} for model in models}, chains)
    for name, place in reading.numbers.items():
        if PARAMETERS[name].per_model:
            _write_own(problems, draft, name, place, parameters)
        else:
            _write_shared(problems, draft, name, place, parameters)
    if reading.shares:
        _divide(problems, draft)
    return draft


def _in_order(reading: Reading, parameters: Parameters, model: str | None) -> dict[str, tuple[Override, ...]]:
    """An empty chain for each place; names in the config come first, in its order, which the overrides then follow."""
    named = parameters.shared if model is None else parameters.own.get(model, {})
    return {reading.numbers[name]: () for name in (*named, *reading.numbers) if name in reading.numbers}


def _write_shared(problems: list[str], draft: Draft, name: str, place: str, parameters: Parameters) -> None:
    meant = parameters.shared.get(name, LayerwiseValue())
    if PARAMETERS[name].default is None and not meant.complete:
        problems.append(_missing(name, "the merge", meant, draft))
    draft.set(place, PARAMETERS[name].default if meant.value is None else meant.value)
    draft.chains[None][place] = meant.overrides


def _write_own(problems: list[str], draft: Draft, name: str, place: str, parameters: Parameters) -> None:
    """A model's own parameters take precedence over the merge's, so they come later in the overrides."""
    meant = parameters.shared.get(name, LayerwiseValue())
    reached = not all(parameters.of(model, name).complete for model in draft.experts)
    common = meant.overrides if reached else ()
    draft.set(place, PARAMETERS[name].default if meant.value is None else meant.value)
    draft.chains[None][place] = common
    for model in draft.experts:
        own = parameters.of(model, name)
        hides = common and own.value is not None
        draft.chains[model][place] = ((EVERYWHERE, own.value or 0.0), *own.overrides) if hides else own.overrides
        if place == WEIGHT and not own.complete:
            own = replace(own, value=meant.value)
            if not meant.complete:
                problems.append(_missing(name, model, own if own.overrides else meant, draft))
        if own.value is not None:
            draft.experts[model][place] = own.value


def _missing(name: str, owner: str, meant: LayerwiseValue, draft: Draft) -> str:
    if meant.overrides:
        return f"{name} of {owner} is missing for tensors that no filter matches: end the list with {{value: NUMBER}}"
    if owner == draft.fields["base"]:
        return f"{name} of {owner} is missing: this method merges base_model too; give it weight 0 or remove it"
    return f"{name} of {owner} is missing: add it, because mergekit has no default for it"


def _divide(problems: list[str], draft: Draft) -> None:
    """Divide the weights by their sum."""
    if any(chains.get(WEIGHT) for chains in draft.chains.values()):
        problems.append(
            "weights that vary over layers cannot be normalised: set normalize: false and write normalised weights"
        )
        return
    total = sum(entry.get(WEIGHT, 0.0) for entry in draft.experts.values())
    for entry in draft.experts.values():
        if abs(total) > CANCELLED and WEIGHT in entry:
            entry[WEIGHT] /= total
