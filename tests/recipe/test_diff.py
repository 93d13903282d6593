"""Two recipes differ in what a person turned, and in nothing else."""

from __future__ import annotations

from typing import Any

from mergelab.recipe import Recipe
from mergelab.recipe.diff import Difference, recipe_diff


def recipe(**fields: Any) -> Recipe:
    return Recipe.from_mapping(
        {"base": "b", "models": ["x", "y"], "method": {"name": "ties", "density": 0.2}, **fields}
    )


def test_equal_recipes_differ_in_nothing_whatever_their_spelling() -> None:
    assert recipe_diff(recipe(), recipe(seed=0, models=[{"model": "x", "weight": 1.0}, "y"])) == []


def test_a_turned_knob_is_the_only_difference() -> None:
    turned = recipe(method={"name": "ties", "density": 0.4})
    assert recipe_diff(recipe(), turned) == [Difference("method.density", 0.2, 0.4)]


def test_the_order_of_experts_is_no_difference_but_their_weights_are() -> None:
    assert recipe_diff(recipe(), recipe(models=["y", "x"])) == []
    heavier = recipe(models=["x", {"model": "y", "weight": 0.5}])
    assert recipe_diff(recipe(), heavier) == [Difference("weight of y", 1.0, 0.5)]


def test_what_only_one_recipe_has_is_absent_in_the_other() -> None:
    found = {each.name: (each.one, each.other) for each in recipe_diff(recipe(), recipe(models=["x"], sparsify="dare"))}
    assert found["expert y"] == ("merged", None)
    assert found["sparsify"] == (None, "dare")
    assert found["sparsify.density"][0] is None


def test_another_method_brings_its_own_knobs() -> None:
    found = {each.name: (each.one, each.other) for each in recipe_diff(recipe(), recipe(method="task_arithmetic"))}
    assert found["method"] == ("ties", "task_arithmetic")
    assert found["method.density"] == (0.2, None)
