"""What all experts say alike is said once."""

from __future__ import annotations

from typing import Any

import pytest

from mergelab.recipe import Recipe
from mergelab.recipe.common_values import with_common_values

X, Y = {"model": "x", "density": 0.5}, {"model": "y", "density": 0.5}


def recipe(**fields: Any) -> Recipe:
    return Recipe.from_mapping({"base": "b", "models": ["x", "y"], "method": "ties", **fields})


def test_a_value_that_all_experts_have_becomes_the_steps() -> None:
    assert with_common_values(recipe(models=[X, Y])) == recipe(method={"name": "ties", "density": 0.5})
    dare = [{"model": model, "sparsify.density": 0.5} for model in ("x", "y")]
    plain = recipe(sparsify={"name": "dare", "density": 0.5})
    assert with_common_values(recipe(models=dare, sparsify="dare")) == plain


@pytest.mark.parametrize("models", [["x", "y"], [X, "y"], [X, {**Y, "density": 0.4}]])
def test_values_that_differ_or_are_not_everyones_stay(models: list[Any]) -> None:
    assert with_common_values(recipe(models=models)) == recipe(models=models)
