"""Tensors in the order of computation."""

from __future__ import annotations

from mergelab.analysis.static.layer_order import depth_of


def test_layers_are_counted_not_spelt() -> None:
    keys = [
        "layers.10.mlp.up_proj.weight",
        "layers.2.mlp.up_proj.weight",
        "lm_head.weight",
        "norm.weight",
        "embed_tokens.weight",
    ]
    assert sorted(keys, key=depth_of) == [keys[4], keys[1], keys[0], keys[3], keys[2]]
