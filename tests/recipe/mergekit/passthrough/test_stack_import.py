"""passthrough configs become stack recipes, and come back from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mergelab.recipe import RecipeError
from mergelab.recipe.mergekit import from_mergekit
from mergelab.recipe.stack_recipe import StackRecipe

TWO = """
slices:
- sources: [{model: a, layer_range: [0, 16]}]
- sources:
  - model: b
    layer_range: [8, 24]
    parameters: {scale: [{filter: o_proj, value: 0.0}, {filter: down_proj, value: 0.5}, {value: 1.0}]}
merge_method: passthrough
"""


def refusal(text: str) -> list[str]:
    with pytest.raises(RecipeError) as refused:
        from_mergekit(text)
    return str(refused.value).splitlines()


def test_slices_become_slices_with_the_embeddings_and_the_head_of_their_ends() -> None:
    read = from_mergekit(TWO + "base_model: c\ndtype: bfloat16\n")
    assert read.recipe.to_mapping() == {
        "base": "c",
        "method": {"name": "stack"},
        "slices": [
            {"model": "a", "layers": [0, 16]},
            {
                "model": "b",
                "layers": [8, 24],
                "scale": [{"match": "down_proj", "factor": 0.5}, {"match": "o_proj", "factor": 0.0}],
            },
        ],
        "embeddings": "a",
        "head": "b",
        "dtype": "bfloat16",
    }
    assert read.remarks == ("mergekit computes in bfloat16; MergeLab computes in float32 and rounds once",)


def test_without_base_model_the_first_slice_gives_config_and_tokenizer_with_a_remark() -> None:
    read = from_mergekit(TWO)
    assert isinstance(read.recipe, StackRecipe)
    assert (read.recipe.base, read.recipe.embeddings, read.recipe.head) == ("a", "", "b")
    assert read.remarks == (
        "config and tokenizer come from a; without base_model, mergekit takes them from any one of the models",
    )


def test_a_list_of_one_model_is_a_slice_of_all_its_layers(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"num_hidden_layers": 5}))
    text = f"models: [{{model: {tmp_path}}}]\nmerge_method: passthrough"
    assert from_mergekit(text).recipe.to_mapping()["slices"] == [{"model": str(tmp_path), "layers": [0, 5]}]
    assert refusal("models: [{model: a}]\nmerge_method: passthrough") == [
        "the layers of a in slice 1 are not known: write slices with layer_range: [first, end]"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "slices: [{sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 2]}]}]",
            "slice 1 has 2 sources, but passthrough copies the layers of one: write a slice for each",
        ),
        ("models: [{model: a}, {model: b}]", "slice 1 has 2 sources"),
        (
            "slices: [{sources: [{model: a, layer_range: [0, 2]}]}]\nparameters: {weight: 1}",
            "unknown parameter 'weight' of passthrough. Known: scale",
        ),
        (
            "slices: [{sources: [{model: a, layer_range: [0, 2], parameters: {scale: [0, 1]}}]}]",
            "scale in slice 1 varies over layers, which a stack recipe has not: write one slice per layer",
        ),
        (
            "slices: [{sources: [{model: a, layer_range: [0, 2], parameters: {scale: 0.5}}]}]",
            "the scale of the first slice also reaches tensors outside of the layers in mergekit (model.embed_tokens.weight",
        ),
        (
            "slices: [{sources: [{model: a, layer_range: [2, 2]}]}]",
            "layers in entry 1 of slices must be [first, end] with 0 <= first < end, got [2, 2]",
        ),
    ],
)
def test_what_a_stack_recipe_cannot_say_is_refused(text: str, told: str) -> None:
    assert refusal(f"{text}\nmerge_method: passthrough")[0].startswith(told)


def test_a_scale_of_all_layers_in_the_middle_is_read() -> None:
    middle = "- sources: [{model: b, layer_range: [1, 2]}]\n  parameters: {scale: 0.5}\n"
    end = "- sources: [{model: a, layer_range: [0, 1]}]\n"
    recipe = from_mergekit(f"slices:\n{end}{middle}{end}merge_method: passthrough").recipe
    assert recipe.to_mapping()["slices"][1]["scale"] == [{"match": "", "factor": 0.5}]
