"""Import of mergekit configs as recipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mergelab.methods.knobs import brief, nearest
from mergelab.recipe import Recipe, RecipeError, read_yaml
from mergelab.recipe.mergekit.config import Config, layers_of, read_config
from mergelab.recipe.mergekit.method_table import (
    ELSEWHERE,
    IDLE,
    MEANS,
    PARAMETERS,
    SWITCHES,
    WEIGHT,
    Reading,
    Role,
    readings_of,
)
from mergelab.recipe.mergekit.parameters import Parameters, read_parameters
from mergelab.recipe.mergekit.values import EVERYWHERE, LayerwiseValue, Override, grouped

CANCELLED = 1e-8
"""Weights are not normalised if their sum is smaller than this, as in mergekit."""


@dataclass(frozen=True)
class Imported:
    """A recipe, and remarks for the user on how the config was read."""

    recipe: Recipe
    remarks: tuple[str, ...] = ()


def from_mergekit(text: str) -> Imported:
    """Read a mergekit config (YAML) that merges whole models, with scalars, gradients and filters as parameters.

    Raises RecipeError with every problem, one sentence each; no part of a config is ignored silently.
    """
    given = read_yaml(text, "mergekit config")
    if not isinstance(given, Mapping):
        raise RecipeError(f"a mergekit config must be a mapping with merge_method and models, got {brief(given)}")
    problems: list[str] = []
    config = read_config(problems, given)
    reading, recipe = None, None
    if _known(problems, config.merge_method):
        parameters = read_parameters(problems, config)
        reading = _reading(problems, config, parameters)
        if reading and config.sources:
            recipe = _recipe(problems, _draft(problems, config, reading, parameters))
    if problems or recipe is None or reading is None:
        raise RecipeError("\n".join(problems))
    return Imported(recipe, tuple(_remarks(config, reading)))


def _known(problems: list[str], name: str) -> bool:
    if name in ELSEWHERE:
        problems.append(f"MergeLab has no merge_method {name}. Known: {', '.join(SWITCHES)}")
    elif name not in SWITCHES:
        problems.append(f"unknown merge_method {name!r}{nearest(name, SWITCHES)}")
    return name in SWITCHES


def _reading(problems: list[str], config: Config, parameters: Parameters) -> Reading | None:
    """The reading that matches the switches and the presence of a base."""
    method, unfit = config.merge_method, Role.ABSENT if config.base_model else Role.AROUND
    fitting = [reading for reading in readings_of(method) if reading.base is not unfit]
    if not fitting or (fitting[0].base is Role.FIRST and not config.base_model):
        problems.append(f"{method} needs base_model: name the model that the others are compared with")
        return None
    found = [reading for reading in fitting if reading.switches == parameters.switches]
    if not found and method in MEANS and _sums_to_one(config, parameters):
        found = [reading for reading in fitting if reading.switches[MEANS[method]]]
    if not found:
        said = ", ".join(f"{name}: {str(value).lower()}" for name, value in parameters.switches.items())
        problems.append(f"MergeLab has no {method} with {said}{_unless_means(method)}")
    return found[0] if found else None


def _unless_means(method: str) -> str:
    return ", unless the weights sum to 1" if method in MEANS else ""


def _sums_to_one(config: Config, parameters: Parameters) -> bool:
    weights = [_weight(parameters, model) for model in _inputs(config)]
    values = [weight.value for weight in weights if weight.value is not None and not weight.overrides]
    return len(values) == len(weights) and abs(sum(values) - 1) <= CANCELLED


def _weight(parameters: Parameters, model: str) -> LayerwiseValue:
    own = parameters.of(model, "weight")
    return own if own.complete else parameters.shared.get("weight", LayerwiseValue())


def _inputs(config: Config) -> list[str]:
    """All models that mergekit would load, the base among them."""
    models = [source.model for source in config.sources]
    return models if config.base_model in (None, *models) else [*models, str(config.base_model)]


def _experts(config: Config, reading: Reading, parameters: Parameters) -> list[str]:
    models, base = _inputs(config), config.base_model
    if reading.base is Role.FIRST:
        return sorted(models, key=lambda model: model != base)
    absent = base is not None and parameters.of(base, "weight") == LayerwiseValue(0)
    if reading.base is Role.AROUND or (reading.base is Role.INPUT and absent):
        return [model for model in models if model != base]
    return models


@dataclass(frozen=True)
class _Draft:
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

    def mapping(self) -> dict[str, Any]:
        """The recipe's mapping."""
        groups = [grouped(chains, model) for model, chains in self.chains.items()]
        overrides = [entry for group in groups for entry in group]
        return {**self.fields, **self.stages, "models": list(self.experts.values()), "overrides": overrides}


def _draft(problems: list[str], config: Config, reading: Reading, parameters: Parameters) -> _Draft:
    models = _experts(config, reading, parameters)
    problems += [
        f"{model} is listed twice: list it once" for model in sorted({m for m in models if models.count(m) > 1})
    ]
    fields = {"base": config.base_model, "dtype": config.dtype}
    chains = {model: _in_order(reading, parameters, model) for model in (None, *models)}
    draft = _Draft(fields, reading.stages({}), {model: {"model": model} for model in models}, chains)
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


def _write_shared(problems: list[str], draft: _Draft, name: str, place: str, parameters: Parameters) -> None:
    meant = parameters.shared.get(name, LayerwiseValue())
    if PARAMETERS[name].default is None and not meant.complete:
        problems.append(_missing(name, "the merge", meant, draft))
    draft.set(place, PARAMETERS[name].default if meant.value is None else meant.value)
    draft.chains[None][place] = meant.overrides


def _write_own(problems: list[str], draft: _Draft, name: str, place: str, parameters: Parameters) -> None:
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


def _missing(name: str, owner: str, meant: LayerwiseValue, draft: _Draft) -> str:
    if meant.overrides:
        return f"{name} of {owner} is missing for tensors that no filter matches: end the list with {{value: NUMBER}}"
    if owner == draft.fields["base"]:
        return f"{name} of {owner} is missing: this method merges base_model too; give it weight 0 or remove it"
    return f"{name} of {owner} is missing: add it, because mergekit has no default for it"


def _divide(problems: list[str], draft: _Draft) -> None:
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


def _recipe(problems: list[str], draft: _Draft) -> Recipe | None:
    try:
        return Recipe.from_mapping(draft.mapping())
    except RecipeError as error:
        problems.append(str(error))
        return None


def _remarks(config: Config, reading: Reading) -> Iterator[str]:
    if config.working not in (None, "float32"):
        yield f"mergekit computes in {config.working}; MergeLab computes in float32 and rounds once"
    if reading.sparsify and reading.sparsify["name"] in ("dare", "della"):
        yield "the random drop has mergekit's probabilities but different random bits, so other entries survive"
    named = {name for level in config.shared for name in level} & set(IDLE[config.merge_method]) - {"int8_mask"}
    for name in sorted(named):
        yield f"{name} has no effect in {config.merge_method}, neither in mergekit nor in MergeLab"
    if reading.base is Role.AROUND and any(one.parameters for one in config.sources if one.model == config.base_model):
        yield f"parameters of the base {config.base_model} have no effect, neither in mergekit nor in MergeLab"
    if config.layers is not None and all(layers_of(source.model) is None for source in config.sources):
        yield f"the slice ends at layer {config.layers}, assumed to be the last layer of the models"
