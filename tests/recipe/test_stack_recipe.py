"""Stack recipes say which layers of which models follow one another, and every mistake in one is named."""

from __future__ import annotations

from typing import Any

import pytest

from mergelab import merge_state_dicts
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.stack_recipe import Scale, Slice, StackRecipe, read_any_recipe

GIVEN: dict[str, Any] = {
    "base": "a",
    "method": "stack",
    "slices": [
        {"model": "a", "layers": [0, 16]},
        {
            "model": "b",
            "layers": [8, 24],
            "scale": [{"match": "proj", "factor": 0.5}, {"match": "o_proj", "factor": 0}],
        },
    ],
}


def refusal(**changed: Any) -> list[str]:
    with pytest.raises(RecipeError) as refused:
        read_any_recipe({**GIVEN, **changed})
    return str(refused.value).splitlines()


def test_a_recipe_with_slices_is_read_and_written_again() -> None:
    recipe = read_any_recipe(GIVEN)
    assert isinstance(recipe, StackRecipe)
    assert recipe.slices[0] == Slice("a", (0, 16))
    assert recipe.slices[1] == Slice("b", (8, 24), (Scale("proj", 0.5), Scale("o_proj", 0.0)))
    assert (recipe.models, recipe.depth) == (("a", "b"), 32)
    assert read_any_recipe(recipe.to_mapping()) == recipe


def test_equal_stacks_have_equal_digests_however_they_are_spelled() -> None:
    spelled = {**GIVEN, "method": {"name": "stack"}, "embeddings": "a", "head": "base", "dtype": "base"}
    assert read_any_recipe(spelled).digest() == read_any_recipe(GIVEN).digest()
    assert read_any_recipe({**GIVEN, "head": "b"}).digest() != read_any_recipe(GIVEN).digest()


def test_the_last_scale_that_matches_a_name_counts() -> None:
    scaled = read_any_recipe(GIVEN).slices[1]  # type: ignore[union-attr]
    assert [scaled.factor(f"layers.8.{name}") for name in ("q_proj", "o_proj", "norm")] == [0.5, 0.0, 1.0]


def test_fields_of_merges_are_refused_by_name() -> None:
    assert refusal(models=["a"], sparsify="trim", seed=3, tokenizer="a", sliced=1) == [
        "models is no field of a stack: a stack lists its models in slices, as {model: NAME, layers: [first, end]}",
        "sparsify is no field of a stack: a stack copies layers and subtracts no base, so there are no deltas",
        "seed is no field of a stack: nothing in a stack is random",
        "tokenizer is no field of a stack: a stack takes it from the base: make the model that has it the base",
        "unknown field 'sliced' of the recipe. Did you mean 'slices'? Known: base, method, slices, embeddings, head, dtype",
    ]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"method": "ties"}, "slices stack layers, so method must be stack, got 'ties'"),
        ({"method": {"name": "stack", "density": 1}}, "stack has no knobs, got ['density']"),
        ({"base": None}, "base must name the model that config, tokenizer and embeddings come from, got None"),
        ({"head": 3}, "head must name a model, got 3"),
        ({"dtype": "int8"}, "dtype has no choice 'int8'"),
        ({"slices": []}, "slices must list at least one {model: NAME, layers: [first, end]}, got []"),
        ({"slices": None}, "slices must list at least one {model: NAME, layers: [first, end]}, got None"),
        ({"slices": ["a"]}, "entry 1 of slices must be {model: NAME, layers: [first, end]}, got 'a'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(changed: dict[str, Any], told: str) -> None:
    (line,) = refusal(**changed)
    assert line.startswith(told)


def test_a_mistake_after_many_slices_is_told_too() -> None:
    good = {"model": "a", "layers": [0, 1]}
    (line,) = refusal(slices=[good] * 200 + [{"model": "a"}])
    assert line.startswith("layers in entry 201 of slices must be [first, end]")
    assert refusal(slices=[{"model": "a"}] * 200)[-1] == "and 150 further problems"


@pytest.mark.parametrize("layers", [None, 3, [3], [3, 3], [-1, 2], [0, 1.5], [False, True], "01"])
def test_layers_must_be_a_range(layers: Any) -> None:
    (line,) = refusal(slices=[{"model": "a", "layers": layers}])
    assert line.startswith("layers in entry 1 of slices must be [first, end] with 0 <= first < end, got ")


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        (0.5, "scale in entry 1 of slices must be a list of {match: REGEX, factor: NUMBER}, got 0.5"),
        ([{"match": "x"}], "scale in entry 1 of slices has entries {match: REGEX, factor: NUMBER}, got "),
        ([{"match": "(", "factor": 1}], "match '(' in entry 1 of slices is not a regular expression"),
        ([{"match": "x", "factor": "y"}], "factor in entry 1 of slices must be a finite number, got 'y'"),
    ],
)
def test_a_scale_has_patterns_and_numbers(scale: Any, told: str) -> None:
    (line,) = refusal(slices=[{"model": "a", "layers": [0, 1], "scale": scale}])
    assert line.startswith(told)


def test_whatever_needs_deltas_refuses_a_stack_with_the_reason() -> None:
    told = "its layers do not correspond to those of the base, so there are no deltas and no sign conflicts"
    with pytest.raises(RecipeError, match=told):
        Recipe.from_mapping(GIVEN)
    with pytest.raises(RecipeError, match=told):
        merge_state_dicts({"method": "stack"}, {}, {})
