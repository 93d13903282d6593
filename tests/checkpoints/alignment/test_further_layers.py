"""Layers for further prediction, which fine-tuned models lack."""

from __future__ import annotations

import pytest
import torch

from mergelab.checkpoints import compare, in_memory
from mergelab.checkpoints.alignment.further_layers import is_further_layer

TWO = {"model_type": "x", "num_hidden_layers": 2}


@pytest.mark.parametrize(
    ("key", "config", "expected"),
    [
        ("model.layers.2.enorm.weight", TWO, True),
        ("model.layers.1.mlp.up_proj.weight", TWO, False),
        ("model.language_model.layers.2.eh_proj.weight", {"text_config": TWO}, True),
        ("mtp.layers.0.weight", {}, True),
        ("model.mtp_layers.0.weight", {}, True),
        ("model.decoder.layers.2.fc1.weight", TWO, False),
        ("model.layers.2.fc1.weight", {**TWO, "is_encoder_decoder": True}, False),
        ("model.layers.2.fc1.weight", {}, False),
    ],
)
def test_a_layer_beyond_the_configs_number_is_a_further_one(
    key: str, config: dict[str, object], expected: bool
) -> None:
    assert is_further_layer(key, config) is expected


@pytest.mark.parametrize("has_it", ["base", "expert"])
def test_such_a_layer_on_one_side_is_passed_over_and_said(has_it: str) -> None:
    state = {f"model.layers.{layer}.mlp.up_proj.weight": torch.ones(2, 2) for layer in range(2)}
    more = {**state, "model.layers.2.eh_proj.weight": torch.ones(2, 4)}
    base = in_memory("base", more if has_it == "base" else state, TWO)
    found = compare(base, [in_memory("expert", more if has_it == "expert" else state, TWO)])
    assert found.problems == () and found.mergeable == tuple(sorted(state))
    assert any("further prediction layer" in sentence for sentence in found.findings)
