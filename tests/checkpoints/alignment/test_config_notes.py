"""Differences between configs that change what equal weights mean."""

from __future__ import annotations

from typing import Any

import pytest

from mergelab.checkpoints import in_memory
from mergelab.checkpoints.alignment.config_notes import config_notes


def notes(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    return list(config_notes(in_memory("base", {}, ours), in_memory("expert", {}, theirs)))


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [
        ({"rope_theta": 1e4}, {"rope_theta": 1e6}, "rope_theta"),
        ({"rope_theta": 1e4}, {"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}}, "rope_theta"),
        ({"rope_scaling": {"type": "linear"}}, {"rope_parameters": {"rope_type": "yarn"}}, "rope_type"),
        ({"hidden_act": "gelu"}, {"activation_function": "silu"}, "hidden_act"),
        ({"layer_norm_eps": 1e-5}, {"layer_norm_epsilon": 1e-6}, "rms_norm_eps"),
        ({"sliding_window": 16}, {"sliding_window": 32}, "sliding_window"),
        ({"text_config": {"head_dim": 8}}, {"head_dim": 16}, "head_dim"),
        ({"vision_config": {"patch_size": 8}}, {"vision_config": {"patch_size": 16}}, "vision_config.patch_size"),
    ],
)
def test_a_difference_is_named_in_either_spelling(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> None:
    (note,) = notes(ours, theirs)
    assert note.startswith(f"{name} is ") and "the merged model takes the base's" in note


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"rope_theta": 1e4}, {"rope_parameters": {"rope_theta": 1e4}}),
        ({"attention_dropout": 0.0}, {"attention_dropout": 0.1}),
        ({"torch_dtype": "float32"}, {"torch_dtype": "bfloat16"}),
        ({"transformers_version": "4.40"}, {"transformers_version": "5.0"}),
        ({"id2label": {"0": "a"}}, {"id2label": {"0": "b"}}),
        ({"rope_theta": 1e4}, {}),
    ],
)
def test_what_means_the_same_is_not_named(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert notes(ours, theirs) == []
