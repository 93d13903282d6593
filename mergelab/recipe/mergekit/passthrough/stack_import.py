"""Import of mergekit configs that stack slices with passthrough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mergelab.methods.knobs import brief, nearest
from mergelab.recipe.file_choices import BASE
from mergelab.recipe.mergekit.config import Config
from mergelab.recipe.mergekit.config_part import Part
from mergelab.recipe.mergekit.parameters import layered
from mergelab.recipe.mergekit.passthrough.outside_scales import outside_scales
from mergelab.recipe.mergekit.slices import layers_of
from mergelab.recipe.mergekit.values import LayerwiseValue, read_said
from mergelab.recipe.recipe import STACK, RecipeError
from mergelab.recipe.stack_recipe import StackRecipe


def stack_of(problems: list[str], config: Config) -> StackRecipe | None:
    """The stack recipe of a config with the method passthrough; None if there are problems, which are appended."""
    if config.file_choices.get("tokenizer", BASE) != BASE:
        problems.append(
            "a stack has the tokenizer of its base: remove tokenizer_source, or make that model the base_model"
        )
    slices = [_slice(problems, config, number, part) for number, part in enumerate(config.parts, 1)]
    if problems or not slices:
        return None
    first, last = slices[0]["model"], slices[-1]["model"]
    base = config.base_model or config.under_adapters or first
    mapping = {
        "base": base,
        "method": STACK,
        "slices": slices,
        "embeddings": first,
        "head": last,
        "dtype": config.dtype,
    }
    try:
        recipe = StackRecipe.from_mapping(mapping)
    except RecipeError as error:
        problems.append(str(error))
        return None
    problems += outside_scales(recipe)
    return recipe


def stack_remarks(config: Config, recipe: StackRecipe) -> Iterator[str]:
    """One sentence each: what was assumed, and what mergekit computes otherwise."""
    if config.base_model is None:
        yield (
            f"config and tokenizer come from {recipe.base}; without base_model, mergekit takes them from any one of the models"
        )
    if config.working not in (None, "float32") and any(part.scale for part in recipe.slices):
        yield f"mergekit computes in {config.working}; MergeLab computes in float32 and rounds once"


def _slice(problems: list[str], config: Config, number: int, part: Part) -> dict[str, Any]:
    if len(part.sources) != 1:
        problems.append(
            f"slice {number} has {len(part.sources)} sources, but passthrough copies the layers of one: write a slice for each"
        )
        return {}
    (source,) = part.sources
    layers = source.layers
    if layers is None:
        count = layers_of(source.reference.model)
        layers = None if count is None else [0, count]
    if layers is None:
        problems.append(
            f"the layers of {source.model} in slice {number} are not known: write slices with layer_range: [first, end]"
        )
    levels = [_scale(problems, level) for level in (source.parameters, *config.shared(part))]
    meant = layered([read_said("scale", level) if level is not None else () for level in levels])
    scale = _written(problems, number, meant)
    return {"model": source.model, "layers": layers, **({"scale": scale} if scale else {})}


def _scale(problems: list[str], level: Mapping[str, Any]) -> Any:
    """The parameter of one level, or None if it is absent or wrong."""
    problems += [
        f"unknown parameter {brief(name)} of passthrough{nearest(name, ['scale'])}" for name in level if name != "scale"
    ]
    try:
        if level.get("scale") is not None:
            read_said("scale", level["scale"])
    except ValueError as error:
        problems.append(str(error))
        return None
    return level.get("scale")


def _written(problems: list[str], number: int, meant: LayerwiseValue) -> list[dict[str, Any]]:
    """The scale as in a stack recipe, where the last match wins."""
    everywhere = [] if meant.value in (None, 1) else [("", meant.value)]
    entries = [*everywhere, *meant.overrides]
    if any(isinstance(value, tuple) for _, value in entries):
        problems.append(
            f"scale in slice {number} varies over layers, which a stack recipe has not: write one slice per layer"
        )
    return [{"match": match, "factor": value} for match, value in entries]
