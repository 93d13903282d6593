"""Export of recipes as mergekit configs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from mergelab.methods import METHODS
from mergelab.methods.knobs import Value
from mergelab.recipe import Expert, Recipe, RecipeError
from mergelab.recipe.mergekit.layer_overrides import EMBEDDINGS
from mergelab.recipe.mergekit.layer_slices import layer_count, slice_problems, slices_of
from mergelab.recipe.mergekit.method_table import READINGS, WEIGHT, Reading, Role
from mergelab.recipe.mergekit.model_reference import written_reference
from mergelab.recipe.mergekit.parameter_values import ParameterValue, parameter_values, spellings
from mergelab.recipe.mergekit.passthrough.stack_export import stack_to_mergekit
from mergelab.recipe.mergekit.tokenizer_keys import TOKENIZER
from mergelab.recipe.mergekit.values import LayerwiseValue, literal, said, write_said
from mergelab.recipe.recipe_files import is_recipe_file
from mergelab.recipe.stack_recipe import StackRecipe

RANDOM = ("dare", "della")
"""Sparsifiers with random drops."""
DIVIDING = ("linear", "nuslerp", "multislerp")
"""mergekit methods that divide by the sum of the weights."""


def to_mergekit(recipe: Recipe | StackRecipe) -> str:
    """The mergekit config that gives the recipe's result; comments at the top state remaining differences.

    `from_mergekit` restores the recipe, except for the seed, which mergekit takes from the command line. Values hidden
    by overrides for every tensor are lost. Overrides in an order that mergekit cannot express (an expert's before those
    of all experts) come back as different ones with the same effect. Raises RecipeError with every reason why mergekit
    cannot run the recipe.
    """
    if isinstance(recipe, StackRecipe):
        return stack_to_mergekit(recipe)
    readings = [reading for reading in READINGS if _names(reading) == _stages(recipe)]
    problems = list(_foreign(recipe))
    if not readings:
        stages = " after ".join(name for name in reversed(_stages(recipe)) if name)
        raise RecipeError("\n".join([*problems, f"mergekit has no equivalent of {stages}"]))
    reading = min(readings, key=lambda one: len(_differences(recipe, one)))
    problems += _differences(recipe, reading)
    problems += [
        *_base_problems(recipe, reading),
        *_weight_problems(recipe, reading),
        *_chance_problems(recipe, reading),
        *_override_problems(recipe, reading),
        *slice_problems(recipe),
    ]
    if problems:
        raise RecipeError("\n".join(problems))
    text = str(yaml.safe_dump(_config(recipe, reading), sort_keys=False, allow_unicode=True, default_flow_style=None))
    return "".join(f"# {line}\n" for line in _comments(recipe)) + text


def _stages(recipe: Recipe) -> tuple[str | None, str]:
    return recipe.sparsify.name if recipe.sparsify else None, recipe.method.name


def _names(reading: Reading) -> tuple[Value | None, Value]:
    return reading.sparsify["name"] if reading.sparsify else None, reading.method["name"]


def _differences(recipe: Recipe, reading: Reading) -> list[str]:
    """One sentence per knob whose value mergekit does not support."""
    return [
        f"{knob} of {step.name} must be {wanted}, as in mergekit's {reading.merge_method}, got {step.knobs[knob]}"
        for owner, step in (("sparsify", recipe.sparsify), ("method", recipe.method))
        if step
        for knob, wanted in reading.words(owner).items()
        if step.knobs[knob] != wanted
    ]


def _foreign(recipe: Recipe) -> Iterator[str]:
    if recipe.match_norms != "none":
        yield "mergekit does not match norms: set match_norms to none"
    if recipe.depth_scale:
        yield "mergekit has no depth_scale: vary the scale or the weights by overrides instead"
    if recipe.chat_template or recipe.generation_config:
        yield "mergekit does not choose a model's chat template and generation settings: remove these fields"
    if recipe.selection:
        yield "mergekit has no include and exclude: it merges every tensor"
    if recipe.nested or any(
        is_recipe_file(name) for name in (recipe.base, *(expert.model for expert in recipe.models))
    ):
        yield "a config has no recipes as models: merge these to folders first, and name the folders"
    for name in sorted({recipe.base or "", *(expert.model for expert in recipe.models)}):
        if "+" in name:
            yield f"mergekit reads the + in {name} as an adapter: rename the folder"


def _base_problems(recipe: Recipe, reading: Reading) -> Iterator[str]:
    method, base, models = reading.merge_method, recipe.base, [expert.model for expert in recipe.models]
    if reading.base is Role.AROUND and base is None:
        yield f"{method} needs base: name the model that the experts were fine-tuned from"
    if reading.base is Role.AROUND and base in models:
        yield f"{base} is both base and expert: mergekit's {method} would not merge it; remove it from models"
    if reading.base is Role.ABSENT and base is not None:
        yield f"mergekit's {method} interpolates deltas if it has a base: remove base, or set of to deltas"
    if reading.base is Role.FIRST and base != models[0]:
        yield f"mergekit's {method} starts from its base: make {models[0]} the base too"
    if method == "karcher" and base not in (None, *models):
        yield "mergekit's karcher merges the base as another expert: remove base"
    for expert in recipe.models:
        if reading.base is Role.INPUT and WEIGHT in reading.numbers and expert == Expert(str(base), 0.0):
            yield f"{base} is the base and has weight 0: remove it from models"


def _weight_problems(recipe: Recipe, reading: Reading) -> Iterator[str]:
    method, weights = reading.merge_method, [expert.weight for expert in recipe.models]
    if METHODS[recipe.method.name].per_model and WEIGHT not in reading.numbers and set(weights) != {1.0}:
        yield f"mergekit's {method} has no weights: all must be 1, got {', '.join(map(str, weights))}"
    if method in DIVIDING and reading.switches.get("normalize", True) and sum(weights) == 0:
        yield f"mergekit's {method} divides by the sum of the weights, which is 0"


def _chance_problems(recipe: Recipe, reading: Reading) -> Iterator[str]:
    """mergekit fails if della's probabilities leave (0, 1), except for density 0 and 1; MergeLab clips them."""
    if "epsilon" not in reading.numbers:
        return
    numbers = {name: ParameterValue(recipe, name, reading.numbers[name]).numbers for name in ("density", "epsilon")}
    densities = [value for value in numbers["density"] if value not in (0.0, 1.0)]
    if densities and not max(numbers["epsilon"]) < min(*densities, *(1 - value for value in densities)):
        yield f"mergekit's {reading.merge_method} fails if density - epsilon or density + epsilon leaves (0, 1): lower epsilon"


def _override_problems(recipe: Recipe, reading: Reading) -> Iterator[str]:
    places = [name for place in reading.numbers.values() for name in spellings(place)]
    for number, override in enumerate(recipe.overrides, 1):
        if override.match == EMBEDDINGS:  # the first slice gives embeddings their values
            continue
        try:
            literal(override.match)
        except ValueError as error:
            yield f"entry {number} of overrides: {error}"
        for name, value in override.knobs.items():
            if isinstance(value, tuple) and isinstance(value[0], int):
                yield f"mergekit does not round between whole numbers: give {name} in entry {number} of overrides one number"
        for name in override.knobs:
            if name not in places:
                yield f"{name} in entry {number} of overrides cannot vary in mergekit's {reading.merge_method}"
    for expert in recipe.models:
        for name in expert.knobs:
            if name not in places:
                yield f"{name} of {expert.model} cannot differ from the other experts in mergekit's {reading.merge_method}"


def _config(recipe: Recipe, reading: Reading) -> dict[str, Any]:
    slices = slices_of(recipe)
    shared = dict(reading.switches) if slices else {**reading.switches, **_shared(recipe, reading)}
    return {
        **({"slices": [_slice(*each, reading) for each in slices]} if slices else {"models": _models(recipe, reading)}),
        "merge_method": reading.merge_method,
        **({"base_model": recipe.base} if recipe.base else {}),
        **({TOKENIZER: recipe.tokenizer} if recipe.tokenizer else {}),
        **({"parameters": shared} if shared else {}),
        **({"dtype": "float32"} if recipe.dtype != "base" else {}),
        **({"out_dtype": recipe.dtype} if recipe.dtype not in ("base", "float32") else {}),
    }


def _slice(layers: tuple[int, int], recipe: Recipe, reading: Reading) -> dict[str, Any]:
    models, shared = _models(recipe, reading), _shared(recipe, reading)
    if recipe.base and recipe.base not in [entry["model"] for entry in models]:
        models.append({"model": recipe.base})
    sources = [{"model": entry["model"], "layer_range": list(layers), **entry} for entry in models]
    return {"sources": sources, **({"parameters": shared} if shared else {})}


def _shared(recipe: Recipe, reading: Reading) -> dict[str, Any]:
    """The parameters of the whole merge."""
    shared: dict[str, Any] = {}
    for number in parameter_values(recipe, reading, None):
        shared |= _written(number, number.shared)
    return shared


def _models(recipe: Recipe, reading: Reading) -> list[dict[str, Any]]:
    """The models with their own parameters."""
    own: dict[str, dict[str, Any]] = {expert.model: {} for expert in recipe.models}
    for expert in recipe.models:
        for number in parameter_values(recipe, reading, expert.model):
            own[expert.model] |= _written(number, number.own(expert))
    models = [
        {"model": written_reference(recipe.base, model), **({"parameters": numbers} if numbers else {})}
        for model, numbers in own.items()
    ]
    if reading.base is Role.INPUT and recipe.base not in (None, *own):
        models.append(
            {"model": str(recipe.base), **({"parameters": {"weight": 0.0}} if WEIGHT in reading.numbers else {})}
        )
    return models


def _written(number: ParameterValue, meant: LayerwiseValue) -> dict[str, Any]:
    words = said(meant)
    return {number.name: write_said(words)} if words else {}


def _comments(recipe: Recipe) -> Iterator[str]:
    yield "Written by MergeLab for mergekit 0.1.5."
    sparsifier = recipe.sparsify.name if recipe.sparsify else None
    if sparsifier in RANDOM:
        yield f"The random drop keeps other entries than MergeLab with seed {recipe.seed}; mergekit's seed is --random-seed."
    elif sparsifier or recipe.method.name in ("ties", "sce"):
        yield "mergekit keeps floor(density * count) entries per tensor and picks arbitrarily among equal magnitudes;"
        yield "MergeLab rounds the count and keeps or drops equal magnitudes together."
    if recipe.dtype == "base":
        yield "Without dtype, mergekit computes in the models' number format: results are equal only for float32 models."
    if slices_of(recipe) and layer_count(recipe) is None:
        yield f"The slices end at layer {slices_of(recipe)[-1][0][1]}, assumed to be the last layer of the models."
    if recipe.base is None:
        yield "Without base_model, mergekit takes the config and the tokenizer from one of the models."
