"""Equal values that all experts have of their own are one common value."""

from __future__ import annotations

from dataclasses import replace

from mergelab.methods.knobs import Value
from mergelab.recipe.recipe import Expert, Recipe


def with_common_values(recipe: Recipe) -> Recipe:
    """A recipe that merges the same, where a knob of which each expert has the same value is a knob of the step alone."""
    for owner, name in _knobs(recipe):
        spellings = {name, f"{owner}.{name}"}
        own = [value for expert in recipe.models for spelled, value in expert.knobs.items() if spelled in spellings]
        if len(own) == len(recipe.models) and len(set(own)) == 1:
            recipe = _with_common(recipe, owner, name, own[0])
    return recipe


def _knobs(recipe: Recipe) -> list[tuple[str, str]]:
    steps = {"sparsify": recipe.sparsify, "method": recipe.method}
    return [(owner, name) for owner, step in steps.items() if step for name in step.knobs]


def _with_common(recipe: Recipe, owner: str, name: str, value: Value) -> Recipe:
    step = getattr(recipe, owner)
    experts = tuple(_without(expert, {name, f"{owner}.{name}"}) for expert in recipe.models)
    return replace(recipe, models=experts, **{owner: replace(step, knobs={**step.knobs, name: value})})


def _without(expert: Expert, spellings: set[str]) -> Expert:
    return replace(expert, knobs={name: value for name, value in expert.knobs.items() if name not in spellings})
