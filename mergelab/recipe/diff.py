"""The differences between two recipes, setting by setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mergelab.recipe import Recipe


@dataclass(frozen=True)
class Difference:
    """A setting that differs between two recipes: `name` is its path; `one` or `other` is None where it is absent."""

    name: str
    one: Any
    other: Any


def recipe_diff(one: Recipe, other: Recipe) -> list[Difference]:
    """The settings that differ, in the order of a recipe file; an empty list for equal recipes.

    Experts are matched by model, whatever their order, and their settings are named `weight of MODEL`. An expert that
    only one recipe has is listed as `expert MODEL`.
    """
    first, second = settings_of(one), settings_of(other)
    names = [*first, *(name for name in second if name not in first)]
    return [
        Difference(name, first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)
    ]


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Every setting of a recipe by its path, in the order of a recipe file. A chosen expert is `expert MODEL`: "merged"."""
    models = [expert.to_mapping() for expert in recipe.models]
    return settings_in({**recipe.to_mapping(), "base": recipe.base, "models": models})


def settings_in(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """`settings_of` a recipe that an earlier version wrote as this mapping, and that this one perhaps cannot read. Recipes
    inside it have no names then."""
    given = dict(mapping)
    models = given.pop("models", [])
    return {
        "base": given.pop("base", None),
        **{f"expert {expert['model']}": "merged" for expert in models},
        **{
            f"{name} of {expert['model']}": value
            for expert in models
            for name, value in expert.items()
            if name != "model"
        },
        **_steps(given),
    }


def _steps(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in given.items():
        if isinstance(value, Mapping):
            found |= {field if name == "name" else f"{field}.{name}": each for name, each in value.items()}
        else:
            found[field] = value
    return found
