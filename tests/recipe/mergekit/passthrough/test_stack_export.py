"""Stack recipes become passthrough configs, from which the import restores them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mergelab.recipe import RecipeError
from mergelab.recipe.mergekit import from_mergekit, to_mergekit
from mergelab.recipe.stack_recipe import read_any_recipe

SCALED = {
    "model": "b",
    "layers": [1, 3],
    "scale": [{"match": "down_proj", "factor": 0.5}, {"match": "o_proj", "factor": 0}],
}
GIVEN: dict[str, Any] = {
    "base": "a",
    "method": "stack",
    "slices": [{"model": "a", "layers": [0, 2]}, SCALED],
    "head": "b",
}


def refusal(**changed: Any) -> list[str]:
    with pytest.raises(RecipeError) as refused:
        to_mergekit(read_any_recipe({**GIVEN, **changed}))
    return str(refused.value).splitlines()


def test_a_stack_is_written_as_passthrough_and_read_again() -> None:
    recipe = read_any_recipe({**GIVEN, "dtype": "float16"})
    text = to_mergekit(recipe)
    scale = [{"filter": "o_proj", "value": 0.0}, {"filter": "down_proj", "value": 0.5}, {"value": 1.0}]
    assert yaml.safe_load(text) == {
        "slices": [
            {"sources": [{"model": "a", "layer_range": [0, 2]}]},
            {"sources": [{"model": "b", "layer_range": [1, 3], "parameters": {"scale": scale}}]},
        ],
        "merge_method": "passthrough",
        "base_model": "a",
        "dtype": "float16",
    }
    assert from_mergekit(text).recipe == recipe


def test_what_mergekit_cannot_build_is_refused() -> None:
    assert refusal(head="a", embeddings="b") == [
        "mergekit takes the embeddings from the first slice, a, not from b: set embeddings: a",
        "mergekit takes the head from the last slice, b, not from a: set head: b",
    ]
    pattern = {**SCALED, "scale": [{"match": "o_proj|down_proj", "factor": 0}]}
    assert refusal(slices=[GIVEN["slices"][0], pattern])[0].startswith(
        "scale in entry 2 of slices: mergekit's filters are parts of names, not regular expressions such as o_proj|down_proj"
    )
    everywhere = {**SCALED, "scale": [{"match": "norm", "factor": 0.5}]}
    assert refusal(slices=[GIVEN["slices"][0], everywhere])[0].startswith(
        "the scale of the last slice also reaches tensors outside of the layers in mergekit (model.norm.weight)"
    )
