"""What a merge in memory says beside its tensors."""

from __future__ import annotations

import warnings

import pytest
import torch
from tiny_states import State

from mergelab import MergeNote, merge_state_dicts

WORDS = "model.embed_tokens.weight"
BASE = {WORDS: torch.zeros(4, 2), "model.layers.0.mlp.up_proj.weight": torch.ones(2, 2)}
AVERAGE = {"method": "average"}


def notes(recipe: dict[str, object], models: dict[str, State], base: State) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        merge_state_dicts(recipe, models, base)
    assert all(each.category is MergeNote and each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


def headed(number: float, **more: torch.Tensor) -> State:
    return {**{key: value + number for key, value in BASE.items()}, **more}


def test_models_that_fit_give_a_plain_dict_and_no_warning() -> None:
    assert notes(AVERAGE, {"a": headed(1.0), "b": headed(2.0)}, BASE) == []
    assert type(merge_state_dicts(AVERAGE, {"a": headed(1.0)}, BASE)) is dict


def test_what_is_left_out_is_warned_of_once_for_all_experts_and_may_be_an_error() -> None:
    extra = {"classifier.weight": torch.ones(3, 2)}
    models = {name: {**headed(1.0), **extra} for name in "abc"}
    assert notes(AVERAGE, models, BASE) == [
        "a, b and c: each of them has 1 tensor that the base lacks, kept with its task (classifier.weight)"
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error", MergeNote)
        with pytest.raises(MergeNote, match="kept with its task"):
            merge_state_dicts(AVERAGE, models, BASE)


def test_a_head_of_its_own_beside_a_base_without_one_is_told_with_the_next_step() -> None:
    models = {"a": headed(1.0, **{"lm_head.weight": torch.full((4, 2), 9.0)}), "b": headed(2.0)}
    told = notes(AVERAGE, models, BASE)
    assert told[1].startswith("a has an output head of its own (lm_head.weight), which the merged model lacks")
    assert f"whether it ties its head to {WORDS}" in told[1]


def test_the_next_step_merges_the_head() -> None:
    head = {"lm_head.weight": torch.full((4, 2), 9.0)}
    tied = {**BASE, "lm_head.weight": BASE[WORDS]}
    merged = merge_state_dicts(AVERAGE, {"a": headed(1.0, **head), "b": headed(1.0, **head)}, tied)
    assert merged["lm_head.weight"].tolist() == head["lm_head.weight"].tolist()


def test_a_head_that_repeats_the_experts_embedding_is_no_loss() -> None:
    expert = headed(1.0)
    told = notes(AVERAGE, {"a": {**expert, "lm_head.weight": expert[WORDS]}}, BASE)
    assert not any("output head of its own" in note for note in told)


def test_notes_of_a_recipe_inside_are_told_with_its_place() -> None:
    inner = {"model": {"recipe": {"method": "average", "models": ["a"]}}}
    recipe = {"method": "average", "models": [inner, "b"]}
    models = {"a": headed(1.0, **{"classifier.weight": torch.ones(3, 2)}), "b": headed(2.0)}
    assert notes(recipe, models, BASE) == [
        "in model 1: a has 1 tensor that the base lacks, kept with its task (classifier.weight)"
    ]
