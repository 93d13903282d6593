from __future__ import annotations

import pytest

from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.mergekit import from_mergekit

FIRST = "name: first\nmerge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\n- {model: b, parameters: {weight: 3}}\n"
FINAL = "merge_method: task_arithmetic\nbase_model: base\nmodels:\n- {model: first, parameters: {weight: 0.5}}\n"
INNER = {"base": None, "models": ["a", {"model": "b", "weight": 3.0}], "method": "average"}


def documents(*texts: str) -> str:
    return "---\n".join(texts)


def test_a_config_that_merges_the_result_of_another_becomes_a_recipe_with_a_recipe() -> None:
    recipe = from_mergekit(documents(FIRST, FINAL)).recipe
    assert list(recipe.nested.values()) == [Recipe.from_mapping(INNER)]
    assert (recipe.base, recipe.models[0].weight, recipe.method.name) == ("base", 0.5, "task_arithmetic")
    assert from_mergekit(documents(FINAL, FIRST)).recipe == recipe
    assert from_mergekit(documents(FIRST, f"name: last\n{FINAL}")).recipe == recipe


def test_the_base_may_be_the_result_of_another_config() -> None:
    final = "merge_method: slerp\nbase_model: first\nmodels: [{model: first}, {model: c}]\nparameters: {t: [0, 1]}\n"
    recipe = from_mergekit(documents(FIRST, final)).recipe
    assert recipe.base == recipe.models[0].model and recipe.base in recipe.nested


def test_remarks_and_problems_name_the_config() -> None:
    read = from_mergekit(documents(FIRST + "dtype: bfloat16\n", FINAL))
    assert read.remarks == ("first: mergekit computes in bfloat16; MergeLab computes in float32 and rounds once",)
    assert read.to_yaml().startswith("# first: mergekit computes")
    with pytest.raises(RecipeError, match="in the recipe of first: unknown merge_method 'lienar'"):
        from_mergekit(documents(FIRST.replace("linear", "lienar"), FINAL))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (documents(FINAL, FINAL), "2 configs have no name, but one is the final merge"),
        (documents(FIRST, FIRST, FINAL), "the name of document 2 must be a text that no other has, got 'first'"),
        (documents(FIRST, FINAL.replace("first", "a")), "the final config does not use first"),
        (documents(FIRST, FIRST.replace("first", "second")), "first, second are all final"),
        (
            documents(FIRST.replace("model: a", "model: first"), FINAL),
            "the config first merges itself \\(first → first\\)",
        ),
        (documents(FIRST, "[]\n"), "document 2 must be a mapping"),
    ],
)
def test_what_makes_no_single_model_is_refused(text: str, reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        from_mergekit(text)
