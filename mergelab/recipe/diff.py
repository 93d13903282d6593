"""What two recipes differ in, knob by knob."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mergelab.recipe import Recipe


@dataclass(frozen=True)
class Difference:
    """A setting that two recipes have not in common: `name` is its path, `one` and `other` are None where it is absent."""

    name: str
    one: Any
    other: Any


def recipe_diff(one: Recipe, other: Recipe) -> list[Difference]:
    """The settings that differ, in the order of a recipe file; equal recipes have none.

    Experts are told apart by their model, whatever their order: `weight of MODEL`; an expert that only one recipe has is a
    difference of `experts`.
    """
    first, second = _flat(one), _flat(other)
    names = [*first, *(name for name in second if name not in first)]
    return [
        Difference(name, first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)
    ]


def _flat(recipe: Recipe) -> dict[str, Any]:
    given = recipe.to_mapping()
    models = given.pop("models")
    return {
        "base": given.pop("base"),
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
