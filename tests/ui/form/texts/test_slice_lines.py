"""Slices as lines of text: what a person types is read, and every recipe comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergelab.recipe import RecipeError
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui.form.texts.slice_lines import read_slices, slices_of_query, slices_query, slices_text

NAMES = {"base": "/models/base", "1": "/models/one, the first", "2": "owner/two@main"}


def stack(slices: list[dict[str, Any]], **more: Any) -> StackRecipe:
    return StackRecipe.from_mapping({"base": "/models/base", "method": "stack", "slices": slices, **more})


def test_lines_are_slices_factors_and_givers() -> None:
    found = read_slices("base:0-4\n\n * 0.5 o_proj|down_proj\n2: 1 - 3\n embeddings: 1\nhead:owner/two@main", NAMES)
    assert found == {
        "slices": [
            {"model": "/models/base", "layers": [0, 4], "scale": [{"match": "o_proj|down_proj", "factor": 0.5}]},
            {"model": "owner/two@main", "layers": [1, 3]},
        ],
        "embeddings": "/models/one, the first",
        "head": "owner/two@main",
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "no slices yet"),
        ("base", "write MODEL:FIRST-END"),
        ("base:3", "write MODEL:FIRST-END"),
        ("bass:0-3", "there is no model 'bass' here; name one of base, 1, 2"),
        ("* 0.5 norm", "a factor belongs to the slice above it"),
        ("base:0-1\n* half norm", "line 2 of the slices, .*the factor must be a number, got 'half'"),
        ('base:0-1\n* 2 "norm', "lacks its closing quote"),
    ],
)
def test_a_line_that_is_none_is_named_with_the_rule(line: str, reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        read_slices(line, NAMES)


patterns = st.text(max_size=8).filter(lambda text: "\\" not in text and not set(text) & set("()[]{}*+?|^$"))
scales = st.lists(st.fixed_dictionaries({"match": patterns, "factor": st.floats(-4, 4)}), max_size=2)
slices = st.lists(
    st.builds(
        lambda model, first, count, scale: {"model": model, "layers": [first, first + count], "scale": scale},
        st.sampled_from(list(NAMES.values())),
        st.integers(0, 99),
        st.integers(1, 99),
        scales,
    ),
    min_size=1,
    max_size=4,
)


@given(slices, st.sampled_from([None, "owner/two@main"]), st.sampled_from([None, "/models/one, the first"]))
def test_a_recipe_comes_back_as_it_was_from_text_and_from_a_link(
    given_slices: list[dict[str, Any]], embeddings: str | None, head: str | None
) -> None:
    recipe = stack(given_slices, embeddings=embeddings, head=head)
    for lines in (slices_text(recipe, NAMES), slices_of_query(slices_query(recipe, NAMES).get)):
        assert stack(**read_slices(lines, NAMES)) == recipe
