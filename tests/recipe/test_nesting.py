from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import merge, random_state, same_bits, tuned

from mergelab import merge_state_dicts
from mergelab.recipe import Expert, Recipe, RecipeError
from mergelab.recipe.diff import recipe_diff
from mergelab.recipe.mergekit import to_mergekit
from mergelab.recipe.nesting import DEEPEST, MOST, nested_name

INNER: dict[str, Any] = {"base": "b", "models": ["x", "y"], "method": "ties"}


def outer(inner: Any = INNER, **fields: Any) -> dict[str, Any]:
    return {"base": "b", "models": [{"model": {"recipe": inner}, "weight": 0.5}, "z"], "method": "average", **fields}


def refusal(given: Any) -> str:
    with pytest.raises(RecipeError) as refused:
        Recipe.from_mapping(given)
    return str(refused.value)


def test_a_recipe_as_a_model_has_a_name_from_its_digest_and_is_written_in_full() -> None:
    recipe, inner = Recipe.from_mapping(outer()), Recipe.from_mapping(INNER)
    name = f"recipe-{inner.digest()[:12]}"
    assert recipe.models == (Expert(name, 0.5), Expert("z"))
    assert recipe.nested == {name: inner}
    assert recipe.to_mapping()["models"][0] == {"model": {"recipe": inner.to_mapping()}, "weight": 0.5}
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe


def test_equal_inner_recipes_give_equal_digests_however_they_are_spelled() -> None:
    spelled = {
        "models": [{"model": "x"}, {"model": "y"}],
        "base": "b",
        "method": {"name": "ties", "density": 0.2},
        "seed": 0,
    }
    assert Recipe.from_mapping(outer(spelled)).digest() == Recipe.from_mapping(outer()).digest()
    assert Recipe.from_mapping(outer({**INNER, "seed": 1})).digest() != Recipe.from_mapping(outer()).digest()


def test_the_base_may_be_a_recipe() -> None:
    recipe = Recipe.from_mapping(outer(base={"recipe": INNER}))
    assert recipe.base == recipe.models[0].model == nested_name(Recipe.from_mapping(INNER))
    assert Recipe.from_mapping(recipe.to_mapping()) == recipe


def test_overrides_and_differences_name_such_a_model() -> None:
    name = nested_name(Recipe.from_mapping(INNER))
    override = {"match": "a", "model": name, "weight": 0.1}
    recipe = Recipe.from_mapping(outer(overrides=[override]))
    assert recipe.overrides[0].model == name
    other = Recipe.from_mapping(outer({**INNER, "seed": 1}))
    assert f"expert {name}" in [each.name for each in recipe_diff(recipe, other)]


def test_problems_inside_name_the_place() -> None:
    assert refusal(outer({**INNER, "method": "tise"})).startswith("in the recipe of model 1: unknown method 'tise'")
    twice = refusal(outer(outer({**INNER, "seed": -1}), base={"recipe": {**INNER, "dtype": "int"}}))
    assert twice.splitlines()[0].startswith("in the recipe of the base: dtype")
    assert twice.splitlines()[1].startswith("in the recipe of model 1: in the recipe of model 1: seed")
    assert "a recipe as model 1 must be {recipe:" in refusal(outer({**INNER, "models": [{"model": {"recipe": 3}}]}))
    assert "a recipe as the base must be" in refusal(outer(base={"recipe": INNER, "name": "n"}))


def test_one_recipe_cannot_be_two_models() -> None:
    both = {"models": [{"model": {"recipe": INNER}}, {"model": {"recipe": INNER}}]}
    assert "is listed more than once in models" in refusal(outer() | both)


def test_the_deepest_recipe_that_is_allowed_survives_its_text() -> None:
    inner = INNER | {"overrides": [{"match": "a", "scale": [0.1, 0.2]}]}
    for _ in range(DEEPEST):
        inner = outer(inner)
    recipe = Recipe.from_mapping(inner)
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    assert f"nested more than {DEEPEST} deep" in refusal(outer(inner))


def test_endless_and_very_many_recipes_are_refused_at_once() -> None:
    endless = outer()
    endless["base"] = {"recipe": endless}
    assert f"nested more than {DEEPEST} deep" in refusal(endless)
    many = [{"model": {"recipe": {**INNER, "seed": seed}}} for seed in range(MOST + 1)]
    assert f"more than {MOST} recipes" in refusal({**INNER, "models": many})


def test_a_recipe_with_recipes_is_no_mergekit_config() -> None:
    with pytest.raises(RecipeError, match="a config has no recipes as models"):
        to_mergekit(Recipe.from_mapping(outer()))
    with pytest.raises(RecipeError, match="a config has no recipes as models"):
        to_mergekit(Recipe.from_mapping({**INNER, "models": ["inner.yml"]}))
    with pytest.raises(RecipeError, match="mergekit has no include and exclude"):
        to_mergekit(Recipe.from_mapping({**INNER, "include": ["a"]}))


@pytest.mark.parametrize("method", ["average", "ties", "slerp", "median", "iso_c"])
@pytest.mark.parametrize("dtype", ["base", "bfloat16"])
def test_state_dicts_merge_step_by_step_to_the_same_bits(method: str, dtype: str) -> None:
    base = random_state(0)
    models = tuned(base)
    inner = {"models": ["a", "b"], "method": {"name": "ties", "density": 0.5}, "dtype": dtype}
    first = merge_state_dicts(inner, models, base)
    expected = merge(method, {"inner": first, "c": models["c"]}, base)
    nested = {"models": [{"model": {"recipe": inner}}, "c"], "method": method}
    assert same_bits(merge_state_dicts(nested, models, base), expected)


def test_the_base_of_state_dicts_may_be_a_recipe_over_them() -> None:
    base = {"w": torch.zeros(2)}
    models = {"a": {"w": torch.tensor([2.0, 0.0])}, "b": {"w": torch.tensor([0.0, 4.0])}}
    inner = {"models": ["a", "b"], "method": "average"}
    recipe = {"base": {"recipe": inner}, "models": ["a"], "method": {"name": "task_arithmetic", "scale": 0.5}}
    assert merge_state_dicts(recipe, models, base)["w"].tolist() == [1.5, 1.0]
    with pytest.raises(RecipeError, match="in the recipe of model 1: the recipe names 'q'"):
        merge_state_dicts({**recipe, "models": [{"model": {"recipe": {**inner, "models": ["q"]}}}]}, models, base)
