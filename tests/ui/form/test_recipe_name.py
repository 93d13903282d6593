"""Short names of recipes: what is not at its default, and what differs."""

from __future__ import annotations

from typing import Any

import pytest

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.ui.form.recipe_name import names_apart, recipe_name

TITLES = {"b/x": "Fashion", "b/y": "Digits", "b/z": "Letters"}
OWN_DENSITIES = [{"model": model, "density": density} for model, density in zip(TITLES, (0.5, 0.3, 0.3), strict=True)]


def recipe(**fields: Any) -> Recipe:
    return Recipe.from_mapping({"base": "b", "models": list(TITLES), "method": "ties", **fields})


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "TIES · density 0.2"),
        ({"method": "task_arithmetic"}, "Task arithmetic"),
        ({"method": {"name": "task_arithmetic", "scale": 0.5}}, "Task arithmetic · scale 0.5"),
        ({"method": "task_arithmetic", "sparsify": "dare"}, "Task arithmetic after DARE · density 0.1"),
        ({"sparsify": "dare"}, "TIES after DARE · DARE density 0.1 · TIES density 0.2"),
        ({"method": {"name": "ties", "weigh": "after"}}, "TIES · density 0.2 · apply weights: after the vote"),
        ({"models": [{"model": "b/x", "weight": 2}, "b/y", "b/z"]}, "TIES · density 0.2 · Fashion × 2"),
        ({"models": ["b/x", "b/z"]}, "TIES · density 0.2 · without Digits"),
        ({"models": ["b/y"]}, "TIES · density 0.2 · Digits only"),
        ({"overrides": [{"match": "", "density": [0.1, 0.76]}]}, "TIES · per layer density 0.1 → 0.76"),
        (
            {"overrides": [{"match": "mlp", "model": "b/x", "density": 0.5}]},
            "TIES · density 0.2 · per layer density 0.5 in “mlp”, Fashion",
        ),
        (
            {"method": {"name": "ties", "density": 1}, "models": OWN_DENSITIES},
            "TIES · density of Fashion 0.5 · density of Digits 0.3 · density of Letters 0.3",
        ),
        (
            {"models": [*OWN_DENSITIES[:2], "b/z"]},
            "TIES · density 0.2 · density of Fashion 0.5 · density of Digits 0.3",
        ),
        (
            {
                "models": [*OWN_DENSITIES[:2], "b/z"],
                "overrides": [{"match": "", "model": "b/z", "density": [0.1, 0.7]}],
            },
            "TIES · density of Fashion 0.5 · density of Digits 0.3 · per layer density 0.1 → 0.7 in Letters",
        ),
        (
            {"sparsify": "dare", "models": [{"model": model, "sparsify.density": 0.5} for model in TITLES]},
            "TIES after DARE · DARE density 0.5 · TIES density 0.2",
        ),
        (
            {"sparsify": "dare", "models": [{"model": "b/x", "sparsify.density": 0.5}, "b/y", "b/z"]},
            "TIES after DARE · DARE density of Fashion 0.5 · DARE density 0.1 · TIES density 0.2",
        ),
        ({"method": {"name": "emr", "task": 2}}, "EMR · task: Digits"),
        ({"seed": 3, "dtype": "float32"}, "TIES · density 0.2 · seed 3 · number format: float32"),
    ],
)
def test_a_name_tells_what_is_not_at_its_default(fields: dict[str, Any], name: str) -> None:
    assert recipe_name(recipe(**fields), TITLES) == name


def test_two_recipes_are_told_apart_by_what_differs_even_at_its_default() -> None:
    one, other = recipe(), recipe(method={"name": "ties", "weigh": "after"})
    assert names_apart(one, other, TITLES) == (
        "TIES · density 0.2 · apply weights: before the vote",
        "TIES · density 0.2 · apply weights: after the vote",
    )


def test_knobs_that_one_method_alone_has_do_not_lengthen_the_names() -> None:
    assert names_apart(recipe(), recipe(method="average"), TITLES) == ("TIES · density 0.2", "Average")


@pytest.mark.parametrize("sparsify", [None, *SPARSIFIERS])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_and_sparsifier_has_a_name(method: str, sparsify: str | None) -> None:
    models = list(TITLES)[: METHODS[method].models or 3]
    assert recipe_name(recipe(method=method, sparsify=sparsify, models=models), TITLES)
