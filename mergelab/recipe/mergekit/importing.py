"""Import of mergekit configs as recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mergelab.methods.knobs import brief, nearest
from mergelab.recipe import Recipe, RecipeError, read_yaml
from mergelab.recipe.mergekit.config import OTHER_TOOLS, PASSTHROUGH, Config, read_config
from mergelab.recipe.mergekit.draft import CANCELLED, Draft, draft_of
from mergelab.recipe.mergekit.import_remarks import remarks
from mergelab.recipe.mergekit.layer_overrides import mapping_of_slices
from mergelab.recipe.mergekit.method_table import ELSEWHERE, MEANS, SWITCHES, Reading, Role, readings_of
from mergelab.recipe.mergekit.parameters import Parameters, has_negative, read_parameters
from mergelab.recipe.mergekit.passthrough.stack_import import stack_of, stack_remarks
from mergelab.recipe.mergekit.values import LayerwiseValue
from mergelab.recipe.mergekit_documents import recipe_of_documents
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.runtime.yaml_text import parse_documents


@dataclass(frozen=True)
class Imported:
    """A recipe, and remarks for the user on how the config was read."""

    recipe: Recipe | StackRecipe
    remarks: tuple[str, ...] = ()

    def to_yaml(self) -> str:
        """The text of the recipe file, with the remarks as comments at the top."""
        return "".join(f"# {' '.join(remark.split())}\n" for remark in self.remarks) + self.recipe.to_yaml()


def from_mergekit(text: str) -> Imported:
    """Read a mergekit config (YAML) that merges whole models, with scalars, gradients and filters as parameters.

    Slices that go through all layers in order become overrides by layer; with passthrough, a stack recipe. Of several
    documents with names, the results of some are models of others (mergekit-multi); these become recipes in the final
    one's. Raises RecipeError with every problem, one
    sentence each; no part of a config is ignored silently.
    """
    documents = read_yaml(text, "mergekit config", parse_documents) or [None]
    if len(documents) > 1:
        return _of_documents(documents)
    return _imported(documents[0])


def _of_documents(documents: Sequence[object]) -> Imported:
    recipe, remarks = recipe_of_documents(documents, _read)
    return Imported(recipe, tuple(remarks))


def _read(given: Mapping[str, Any]) -> tuple[Recipe, tuple[str, ...]]:
    found = _imported(given)
    if isinstance(found.recipe, StackRecipe):
        raise RecipeError("passthrough cannot be a step of several: build its model first, and name that folder")
    return found.recipe, found.remarks


def _imported(given: object) -> Imported:
    if not isinstance(given, Mapping):
        raise RecipeError(f"a mergekit config must be a mapping with merge_method and models, got {brief(given)}")
    for key, reason in OTHER_TOOLS.items():
        if key in given:
            raise RecipeError(reason)
    problems: list[str] = []
    config = read_config(problems, given)
    if config.merge_method == PASSTHROUGH:
        return _imported_stack(problems, config)
    reading, recipe = None, None
    if _known(problems, config.merge_method):
        parameters = [read_parameters(problems, config, part) for part in config.parts]
        reading = _reading(problems, config, parameters)
        if reading and config.models:
            models = _experts(config, reading, parameters)
            drafts = [draft_of(problems, config, reading, models, each) for each in parameters]
            recipe = _recipe(problems, drafts, config, reading)
    if problems or recipe is None or reading is None:
        raise RecipeError.of(dict.fromkeys(problems))
    return Imported(recipe, tuple(remarks(config, reading, recipe, parameters)))


def _imported_stack(problems: list[str], config: Config) -> Imported:
    recipe = stack_of(problems, config)
    if problems or recipe is None:
        raise RecipeError.of(dict.fromkeys(problems))
    return Imported(recipe, tuple(stack_remarks(config, recipe)))


def _known(problems: list[str], name: str) -> bool:
    if name in ELSEWHERE:
        problems.append(f"MergeLab has no merge_method {name}: {ELSEWHERE[name]}. Known: {', '.join(SWITCHES)}")
    elif name not in SWITCHES:
        problems.append(f"unknown merge_method {name!r}{nearest(name, SWITCHES)}")
    return name in SWITCHES


def _reading(problems: list[str], config: Config, parameters: Sequence[Parameters]) -> Reading | None:
    """The reading that matches the switches and the presence of a base."""
    method, unfit = config.merge_method, Role.ABSENT if config.base_model else Role.AROUND
    fitting = [reading for reading in readings_of(method) if reading.base is not unfit]
    if not fitting or (fitting[0].base is Role.FIRST and not config.base_model):
        problems.append(f"{method} needs base_model: name the model that the others are compared with")
        return None
    switches = parameters[0].switches if parameters else SWITCHES[method]
    if any(each.switches != switches for each in parameters):
        problems.append(f"{', '.join(switches)} must be the same in all slices")
    found = [reading for reading in fitting if reading.switches == switches]
    sums = [_weights(config, each) for each in parameters]
    if method in MEANS and all(map(_sums_to_one, sums)):
        found = [reading for reading in fitting if reading.switches[MEANS[method]]] or found
    if method == "linear" and switches["normalize"] and any(map(_sums_to_zero, sums)):
        problems.append("the weights of linear sum to 0, by which it divides: change a weight or set normalize: false")
    if not found:
        said = ", ".join(f"{name}: {str(value).lower()}" for name, value in switches.items())
        problems.append(f"MergeLab has no {method} with {said}{_unless_means(method)}")
    return _for_signs(found, any(map(has_negative, sums)))


def _unless_means(method: str) -> str:
    return ", unless the weights sum to 1" if method in MEANS else ""


def _for_signs(found: Sequence[Reading], negative: bool) -> Reading | None:
    """The first reading whose method takes weights of these signs."""
    if negative:
        found = [reading for reading in found if reading.method["name"] != "average"] or found
    return found[0] if found else None


def _weights(config: Config, parameters: Parameters) -> list[LayerwiseValue]:
    """The weights of all models that are merged."""
    return [parameters.weight(model) for model in _inputs(config)]


def _sum(weights: Sequence[LayerwiseValue]) -> float | None:
    """The sum of the weights; None if one is missing or varies."""
    values = [weight.value for weight in weights if weight.value is not None and not weight.overrides]
    return sum(values) if values and len(values) == len(weights) else None


def _sums_to_one(weights: Sequence[LayerwiseValue]) -> bool:
    total = _sum(weights)
    return total is not None and abs(total - 1) <= CANCELLED


def _sums_to_zero(weights: Sequence[LayerwiseValue]) -> bool:
    total = _sum(weights)
    return total is not None and abs(total) <= CANCELLED


def _inputs(config: Config) -> list[str]:
    """All models that mergekit would load, the base among them."""
    models = list(config.models)
    return models if config.base_model in (None, *models) else [*models, str(config.base_model)]


def _experts(config: Config, reading: Reading, parameters: Sequence[Parameters]) -> list[str]:
    models, base = _inputs(config), config.base_model
    if reading.base is Role.FIRST:
        return sorted(models, key=lambda model: model != base)
    absent = base is not None and all(each.of(base, "weight") == LayerwiseValue(0) for each in parameters)
    if reading.base is Role.AROUND or (reading.base is Role.INPUT and absent):
        return [model for model in models if model != base]
    return models


def _recipe(problems: list[str], drafts: Sequence[Draft], config: Config, reading: Reading) -> Recipe | None:
    try:
        mapping = mapping_of_slices(drafts, [part.layers for part in config.parts], reading)
        return Recipe.from_mapping(mapping)
    except RecipeError as error:
        problems.append(str(error))
        return None
