"""The recipe's choice of tokenizer, chat template and generation settings."""

from __future__ import annotations

from typing import Any

import pytest

from mergelab.recipe import Recipe, RecipeError


def recipe(*models: str, **fields: Any) -> Recipe:
    return Recipe.from_mapping({"base": "b", "models": list(models) or ["one", "two"], "method": "average", **fields})


def test_a_recipe_without_choices_is_the_one_it_was_before_there_were_any() -> None:
    assert recipe().file_choices == {} and "tokenizer" not in recipe().to_mapping()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tokenizer", "base"),
        ("tokenizer", "union"),
        ("tokenizer", "two"),
        ("chat_template", "one"),
        ("generation_config", "base"),
    ],
)
def test_a_choice_is_kept_and_part_of_the_digest(field: str, value: str) -> None:
    made = recipe(**{field: value})
    assert made.file_choices == {field: value} == {field: made.to_mapping()[field]}
    assert made.digest() != recipe().digest() and Recipe.from_yaml(made.to_yaml()) == made


def test_expert_names_the_only_one() -> None:
    assert recipe("one", tokenizer="expert").tokenizer == "one"


@pytest.mark.parametrize(
    ("field", "value"), [("tokenizer", "three"), ("tokenizer", "expert"), ("chat_template", "union"), ("tokenizer", 3)]
)
def test_anything_else_is_refused_with_the_models(field: str, value: object) -> None:
    with pytest.raises(RecipeError, match=rf"{field} names no model of the recipe, got .*Known: base, .*one, two"):
        recipe(**{field: value})
