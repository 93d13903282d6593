"""Overrides for one cell give what the damage map put there, or are refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import State, merge, random_state, tuned

from mergelab import merge_state_dicts
from mergelab.analysis.damage import restoring_recipe
from mergelab.recipe import Recipe, RecipeError

SHAPES = {"layer.0.weight": (3, 5), "layer.1.weight": (3, 5), "layer.10.weight": (3, 5)}
BASE = random_state(1, 1.0, SHAPES)
EXPERTS = tuned(BASE, 3)
KEY = "layer.1.weight"
RECIPES: dict[str, dict[str, Any]] = {
    "average": {"method": "average", "models": [{"model": "a", "weight": 3.0}, "b", "c"]},
    "weighted sum": {"method": "weighted_sum"},
    "task arithmetic": {"method": "task_arithmetic"},
    "trimmed": {"method": "task_arithmetic", "sparsify": {"name": "trim", "density": 0.3}},
    "TIES": {"method": {"name": "ties", "density": 0.3}},
}


def recipe(**fields: Any) -> Recipe:
    return Recipe.from_mapping({"base": "base", "models": list(EXPERTS), **fields})


def merged(asked: Recipe) -> State:
    return merge_state_dicts(asked.to_mapping() | {"base": None}, EXPERTS, BASE)


@pytest.mark.parametrize("name", RECIPES)
def test_the_base_stands_in_one_cell(name: str) -> None:
    before = recipe(**RECIPES[name])
    found, others = merged(restoring_recipe(before, [KEY], "base")), merged(before)
    assert torch.equal(found[KEY], BASE[KEY])
    assert all(torch.equal(found[key], others[key]) for key in SHAPES if key != KEY)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "TIES"])
def test_the_experts_mean_stands_in_one_cell(name: str) -> None:
    found = merged(restoring_recipe(recipe(**RECIPES[name]), [KEY], "mean"))
    torch.testing.assert_close(found[KEY], merge("average", EXPERTS)[KEY])
    assert not torch.allclose(found["layer.10.weight"], merge("average", EXPERTS)["layer.10.weight"])


@pytest.mark.parametrize("name", RECIPES)
def test_an_expert_stands_in_one_cell(name: str) -> None:
    found = merged(restoring_recipe(recipe(**RECIPES[name]), [KEY], "expert", "b"))
    torch.testing.assert_close(found[KEY], EXPERTS["b"][KEY])
    assert not torch.allclose(found["layer.0.weight"], EXPERTS["b"]["layer.0.weight"])


def test_earlier_overrides_of_the_cell_give_way() -> None:
    before = recipe(method="task_arithmetic", overrides=[{"match": "layer", "model": "a", "weight": 2.0}])
    assert torch.equal(merged(restoring_recipe(before, [KEY], "base"))[KEY], BASE[KEY])


@pytest.mark.parametrize(
    ("fields", "restore"),
    [
        ({"method": "ties"}, "mean"),
        ({"method": "magmax"}, "expert"),
        ({"method": "task_arithmetic", "depth_scale": [0.5, 1.0]}, "mean"),
        ({"method": "median"}, "base"),
    ],
)
def test_what_no_numbers_of_the_recipe_give_is_refused(fields: dict[str, Any], restore: str) -> None:
    with pytest.raises(RecipeError, match="Overrides change numbers of a recipe, and no numbers of this one"):
        restoring_recipe(recipe(**fields), [KEY], restore, "b")


def test_the_refusal_names_what_can_be_put_back() -> None:
    with pytest.raises(RecipeError, match="Put back “the task’s own expert” or “the base”, or choose Task arithmetic"):
        restoring_recipe(recipe(method="ties"), [KEY], "mean")
    with pytest.raises(RecipeError, match=r"in one place\. Choose Task arithmetic"):
        restoring_recipe(recipe(method="median"), [KEY], "mean")


def test_the_mean_over_tasks_has_no_single_expert() -> None:
    with pytest.raises(RecipeError, match="Choose one task"):
        restoring_recipe(recipe(method="average"), [KEY], "expert")
