from __future__ import annotations

import pytest

from mergelab.checkpoints.alignment.key_alignment import (
    align,
    is_constant,
    is_head,
    is_running_statistic,
    modern,
    wrapper,
)

BERT = ["embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight", "pooler.dense.weight"]
TASK = [*(f"bert.{key}" for key in BERT), "classifier.weight"]


def test_a_prefix_of_the_expert_is_found() -> None:
    found = align(BERT, TASK)
    assert (found.prefix, found.prefixed) == ("bert.", "expert")
    assert found.keys == {key: f"bert.{key}" for key in BERT}


def test_a_prefix_of_the_base_is_found() -> None:
    found = align(TASK, BERT)
    assert (found.prefix, found.prefixed) == ("bert.", "base")
    assert found.keys == {f"bert.{key}": key for key in BERT}


def test_equal_names_need_no_prefix_and_heads_meet_by_their_own_name() -> None:
    assert align(TASK, TASK).prefix == ""
    found = align([*BERT, "classifier.weight"], TASK)
    assert found.prefix == "bert."
    assert found.keys["classifier.weight"] == "classifier.weight"


def test_old_names_of_norm_parameters_meet_todays() -> None:
    found = align(["LayerNorm.weight", "LayerNorm.bias"], ["LayerNorm.gamma", "LayerNorm.beta"])
    assert found.keys == {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    assert modern("bert.embeddings.LayerNorm.gamma") == "bert.embeddings.LayerNorm.weight"


def test_nothing_in_common_aligns_nothing() -> None:
    assert align(["a.b"], ["c.d"]).keys == {}
    assert align([], []).keys == {}


def test_the_wrapper_of_a_task_model_is_known() -> None:
    assert wrapper(TASK) == "bert."
    assert wrapper(["model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight", "lm_head.weight"]) == "model."
    assert wrapper(["mynet.a", "mynet.b", "head.w"], "mynet") == "mynet."


def test_a_bare_base_model_has_no_wrapper() -> None:
    assert wrapper(BERT) == ""
    assert wrapper(["embeddings.word_embeddings.weight", *(f"transformer.layer.{n}.w" for n in range(6))]) == ""
    assert wrapper(["encoder.block.0.w", "decoder.block.0.w", "shared.weight", "lm_head.weight"]) == ""
    assert wrapper([]) == ""


def test_what_is_outside_the_wrapper_is_a_head() -> None:
    assert is_head("classifier.weight", "bert.")
    assert is_head("my_own_top.weight", "bert.")
    assert not is_head("bert.encoder.x", "bert.")
    assert is_head("lm_head.weight", "")
    assert not is_head("encoder.x", "")


def test_masks_and_frequencies_are_constants_but_biases_are_not() -> None:
    assert is_constant("model.layers.0.self_attn.rotary_emb.inv_freq", (64,))
    assert is_constant("h.0.attn.bias", (1, 1, 1024, 1024))
    assert is_constant("bert.embeddings.position_ids", (1, 512))
    assert not is_constant("h.0.attn.c_attn.bias", (2304,))
    assert not is_constant("pool.attention.bias", (8,))
    assert not is_constant("encoder.layer.0.attention.output.dense.bias", (8,))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("resnet.embedder.normalization.running_var", True),
        ("bn1.running_mean", True),
        ("running_var", True),
        ("layer.moving_variance", True),
        ("quantizer.layers.0.codebook.embed_sum", True),
        ("quantizer.layers.0.codebook.embed", False),
        ("bn1.weight", False),
        ("bn1.num_batches_tracked", False),
        ("head.running_variance_head.weight", False),
    ],
)
def test_running_statistics_are_told_by_their_last_name(key: str, expected: bool) -> None:
    assert is_running_statistic(key) == expected
