"""A recipe with overrides by layer as one recipe for each of mergekit's slices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from mergelab.recipe import Recipe
from mergelab.recipe.mergekit.layer_overrides import AFTER, BEFORE, EMBEDDINGS, Layers
from mergelab.recipe.mergekit.slices import layers_of
from mergelab.recipe.overrides import Override


def slices_of(recipe: Recipe) -> list[tuple[Layers, Recipe]]:
    """The layers of each slice, and the recipe for it without overrides by layer; empty if the recipe has none."""
    ranges = [override.layers for override in recipe.overrides if override.layers]
    if not ranges:
        return []
    end = layer_count(recipe) or max(end for _, end in ranges)
    bounds = sorted({0, end, *(place for layers in ranges for place in layers if place < end)})
    return [(layers, replace(recipe, overrides=tuple(_inside(recipe, layers)))) for layers in pairwise(bounds)]


def layer_count(recipe: Recipe) -> int | None:
    """The number of layers of the recipe's models, as far as one of their folders says it."""
    names = [recipe.base or "", *(expert.model for expert in recipe.models)]
    return next((count for count in map(layers_of, names) if count), None)


def slice_problems(recipe: Recipe) -> Iterator[str]:
    """Why slices cannot have the settings of the recipe: gradients across slices, and tensors outside of the layers."""
    slices = slices_of(recipe)
    ranges = [layers for layers, _ in slices]
    if layer_count(recipe) is None and not all(any(_covers(each, one) for each in recipe.overrides) for one in ranges):
        yield "mergekit's slices need the number of layers, but no config.json of the models says it: give folders that have one"
    for number, override in enumerate(recipe.overrides, 1):
        graded = any(isinstance(value, tuple) for value in override.knobs.values())
        if slices and graded and override.layers not in ranges:
            yield f"the ramp in entry {number} of overrides goes through several slices, in each of which mergekit starts it again"
    for names, (_, part) in [(BEFORE, slices[0]), (AFTER, slices[-1])] if slices else []:
        if any(_settings(recipe, name) != _settings(part, name) for name in names):
            yield (
                f"mergekit gives tensors outside of the layers, such as {names[0]}, the values of the "
                f"{'first' if names is BEFORE else 'last'} slice: give them the same values in the recipe"
            )


def _settings(recipe: Recipe, name: str) -> list[object]:
    """The settings of both stages for a tensor outside of the layers."""
    return [recipe.settings(owner, name, 0.0) for owner in ("sparsify", "method")]


def _inside(recipe: Recipe, layers: Layers) -> Iterator[Override]:
    """The overrides for all tensors of a slice."""
    for override in recipe.overrides:
        if override.layers is None and override.match != EMBEDDINGS:
            yield override
        elif _covers(override, layers):
            yield replace(override, layers=None)


def _covers(override: Override, layers: Layers) -> bool:
    """Whether an override by layer applies to all of these layers."""
    return override.layers is not None and override.layers[0] <= layers[0] and layers[1] <= override.layers[1]
