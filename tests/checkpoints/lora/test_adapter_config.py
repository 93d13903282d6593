from __future__ import annotations

from typing import Any

import pytest

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.lora.adapter_config import LoraSettings, read_settings


def settings(**config: Any) -> LoraSettings:
    return read_settings("adapter_config.json", {"peft_type": "LORA", "r": 8, "lora_alpha": 4, **config})


def test_the_scale_is_alpha_by_the_rank_or_by_its_root() -> None:
    assert settings().scale("q_proj", 8) == 0.5
    assert settings(r=4, use_rslora=True).scale("q_proj", 4) == 2.0


def test_patterns_set_rank_and_alpha_of_the_modules_that_end_with_them() -> None:
    found = settings(rank_pattern={"layers.1.q": 2, r"^model\.v": 16}, alpha_pattern={".*k": 1})
    assert found.scale("model.layers.1.q", 2) == 2.0
    assert found.scale("model.v", 16) == 0.25
    assert found.scale("model.layers.0.k", 8) == 0.125
    assert found.scale("model.layers.11.q", 8) == 0.5


def test_a_stored_rank_that_is_not_the_stated_one_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"it states rank 8 for q_proj, but stores rank 4"):
        settings().scale("q_proj", 4)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"peft_type": "IA3"}, r"its peft_type is 'IA3', but only LORA is read; .*merge_and_unload"),
        (
            {"peft_type": "PREFIX_TUNING"},
            "PREFIX_TUNING.*; leave it out: it adds inputs to the model and changes no weight",
        ),
        ({"peft_type": None}, "its peft_type is None"),
        (
            {"use_qalora": True},
            r"averages the inputs of each layer in groups \(QALoRA\) \(use_qalora\); .*merge_and_unload",
        ),
        ({"arrow_config": {"top_k": 2}}, "arrow_config"),
        ({"something_new": 1}, r"a setting that this version does not know \(something_new: 1\); use a MergeLab that"),
        ({"bias": "some"}, "its bias is 'some'"),
        (
            {"init_lora_weights": "pissa_niter_4"},
            "its initialisation changed the base.*path_initial_model_for_weight_con",
        ),
        ({"init_lora_weights": "loftq"}, "loftq.*merge_and_unload"),
        ({"layer_replication": [[0, 4]]}, "repeats layers"),
        ({"trainable_token_indices": [1, 1]}, "of the embedding must be different token ids"),
        ({"trainable_token_indices": {"embed_tokens": [-1]}}, "of embed_tokens must be different token ids"),
        ({"trainable_token_indices": 3}, "must be different token ids"),
        ({"r": 0}, "r must be a whole number of at least 1, got 0"),
        ({"r": "8"}, "r must be a number"),
        ({"lora_alpha": float("inf")}, "lora_alpha must be a number, got inf"),
        ({"lora_alpha": None}, "lora_alpha must be a number"),
    ],
)
def test_what_cannot_be_read_exactly_is_refused_by_name_with_the_next_step(config: dict[str, Any], reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        settings(**config)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(CheckpointError, match=r"olora.*aLoRA.*path_initial_model.*merge_and_unload"):
        settings(init_lora_weights="olora", alora_invocation_tokens=[1])


@pytest.mark.parametrize(
    "config",
    [
        {"init_lora_weights": "gaussian"},
        {"init_lora_weights": "eva", "eva_config": {"rho": 2.0}},
        {"corda_config": {"verbose": False}},
        {"use_dora": False, "megatron_config": None, "loftq_config": {}},
    ],
)
def test_how_training_began_does_not_matter_where_the_base_stayed(config: dict[str, Any]) -> None:
    assert settings(**config).scale("q", 8) == 0.5


@pytest.mark.parametrize("pattern", ["(a+)+b", "(", "x" * 400, "(.*){20}"])
def test_a_pattern_that_is_malformed_or_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(CheckpointError, match=r"malformed|forever"):
        settings(rank_pattern={pattern: 4}).scale("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 8)


def test_the_base_is_named_with_its_revision() -> None:
    assert settings().base is None
    assert settings(base_model_name_or_path="owner/name").base == "owner/name"
    assert settings(base_model_name_or_path="owner/name", revision="v1").base == "owner/name@v1"


def test_tokens_are_read_by_module_or_for_the_embedding() -> None:
    assert settings().tokens == {}
    assert settings(trainable_token_indices=[5, 3]).tokens == {"": (5, 3)}
    assert settings(trainable_token_indices={"lm_head": [7]}).tokens == {"lm_head": (7,)}


def test_settings_that_are_switched_off_mean_nothing() -> None:
    assert settings(something_new=None, use_qalora=False, arrow_config={}, layer_replication=[]).rank == 8
