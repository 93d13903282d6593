"""Which tensors of two checkpoints are the same, whatever wrote their files."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor, nn

from mergelab.checkpoints import Checkpoint, compare, in_memory
from mergelab.checkpoints.alignment.name_map import name_map

TEXT = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
TEXT |= {"num_key_value_heads": 2, "max_position_embeddings": 64}
VISION = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
VISION |= {"image_size": 16, "patch_size": 8}


def checkpoint(name: str, model: Any, state: dict[str, Tensor] | None = None) -> Checkpoint:
    config = {**json.loads(model.config.to_json_string()), "architectures": [type(model).__name__]}
    return in_memory(name, {key: value.clone() for key, value in (state or model.state_dict()).items()}, config)


@pytest.fixture(scope="module")
def llama() -> Any:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**TEXT, tie_word_embeddings=False))


@pytest.fixture(scope="module")
def gemma() -> Any:
    config = transformers.Gemma3Config(
        text_config={**TEXT, "head_dim": 8}, vision_config=VISION, image_token_index=63, mm_tokens_per_image=4
    )
    return transformers.Gemma3ForConditionalGeneration(config)


@pytest.mark.parametrize(
    "wrapped",
    [
        "module.{}",
        "_orig_mod.{}",
        "module._orig_mod.{}",
        "_orig_mod.module.{}",
        "_fsdp_wrapped_module.{}",
        "model._fsdp_wrapped_module.{inner}",
        "module.model._orig_mod._checkpoint_wrapped_module.{inner}",
    ],
)
def test_wrappers_of_training_tools_are_peeled_in_any_order(llama: Any, wrapped: str) -> None:
    base = checkpoint("base", llama)
    state = {wrapped.format(key, inner=key.removeprefix("model.")): value for key, value in llama.state_dict().items()}
    found = name_map(base, checkpoint("expert", llama, state)).keys
    assert {key: found[key].split(".")[-1] for key in base.specs} == {key: key.split(".")[-1] for key in base.specs}
    assert len(set(found.values())) == len(base.specs)


def test_a_wrapped_model_meets_a_headless_base(llama: Any) -> None:
    base = checkpoint("base", llama.model)
    state = {f"module._orig_mod.{key}": value for key, value in llama.state_dict().items()}
    found = compare(base, [checkpoint("expert", llama, state)])
    assert found.problems == () and len(found.mergeable) == len(base.specs)


@pytest.mark.parametrize("old", [{"weight": "gamma", "bias": "beta"}, {}])
def test_old_names_of_norms_are_those_of_today(old: dict[str, str]) -> None:
    sizes = {key: value for key, value in TEXT.items() if key != "num_key_value_heads"}
    model = transformers.BertModel(transformers.BertConfig(**sizes))

    def renamed(key: str) -> str:
        name, _, last = key.rpartition(".")
        return f"{name}.{old.get(last, last)}" if "LayerNorm" in name else key

    state = {renamed(key): value for key, value in model.state_dict().items()}
    assert name_map(checkpoint("base", model), checkpoint("expert", model, state)).keys == {
        key: renamed(key) for key in model.state_dict()
    }


def test_weight_normalisation_has_one_name_in_both_versions_of_torch() -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 2, 3))
    new = {f"encoder.pos.{key}": value for key, value in layer.state_dict().items()}
    old = {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): value
        for key, value in new.items()
    }
    found = name_map(in_memory("base", new), in_memory("expert", old)).keys
    assert found["encoder.pos.parametrizations.weight.original0"] == "encoder.pos.weight_g"
    assert len(found) == 3


def test_a_multimodal_model_meets_itself_under_the_names_of_another_version(gemma: Any) -> None:
    new = gemma.state_dict()
    old = {
        key.replace("model.language_model.", "language_model.model.").replace(
            "model.vision_tower.", "vision_tower.vision_model."
        ): value
        for key, value in new.items()
    }
    found = name_map(checkpoint("base", gemma, old), checkpoint("expert", gemma, dict(new)))
    assert found.keys["language_model.model.norm.weight"] == "model.language_model.norm.weight"
    assert all(torch.equal(old[key], new[twin]) for key, twin in found.keys.items())
    assert found.by_place and not found.part


def test_a_text_model_meets_the_language_model_of_a_multimodal_one_and_only_that(gemma: Any) -> None:
    base, text = checkpoint("base", gemma), transformers.Gemma3ForCausalLM(gemma.config.text_config)
    found = compare(base, [checkpoint("text", text)])
    assert found.problems == ()
    assert all(key.startswith(("model.language_model.", "lm_head.")) for key in found.mergeable)
    assert set(found.left_out) >= {key for key in base.specs if "vision_tower" in key}
    assert (
        "text corresponds to model.language_model of the base, and is merged there; the rest is the base's"
        in found.notes
    )


def test_a_multimodal_expert_gives_its_language_model_to_a_text_base(gemma: Any) -> None:
    text = transformers.Gemma3ForCausalLM(gemma.config.text_config)
    base = checkpoint("base", text)
    found = compare(base, [checkpoint("whole", gemma)])
    assert found.problems == ()
    assert found.expert_keys[0]["model.norm.weight"] == "model.language_model.norm.weight"
    assert any("whose other tensors are left out" in note for note in found.notes)


def test_a_mixture_meets_itself_whether_its_experts_are_named_by_the_old_or_the_new_layout() -> None:
    model = transformers.MixtralForCausalLM(transformers.MixtralConfig(**TEXT, num_local_experts=2))
    stored = {
        f"model.layers.{layer}.block_sparse_moe.experts.{expert}.{name}.weight": torch.randn(2, 2)
        for layer in range(2)
        for expert in range(2)
        for name in ("w1", "w2", "w3")
    }
    headless = {key.removeprefix("model."): value for key, value in stored.items()}
    found = name_map(checkpoint("base", model, stored), checkpoint("expert", model, headless)).keys
    assert found == {key: key.removeprefix("model.") for key in stored}


def test_layers_that_no_side_shares_are_not_forced_onto_each_other() -> None:
    encoder = {f"encoder.layers.{layer}.fc1.weight": torch.randn(2, 2) for layer in range(2)}
    decoder = {f"decoder.layers.{layer}.fc1.weight": torch.randn(2, 2) for layer in range(2)}
    found = name_map(in_memory("base", encoder), in_memory("expert", {**encoder, **decoder})).keys
    assert found == {key: key for key in encoder}


@pytest.mark.parametrize("name", ["rotary_emb.inv_freq", "rotary_emb.cos_cached", "original_inv_freq"])
def test_tables_that_can_be_computed_are_passed_over(llama: Any, name: str) -> None:
    base = checkpoint("base", llama)
    state = {**llama.state_dict(), f"model.layers.0.self_attn.{name}": torch.ones(4)}
    found = compare(base, [checkpoint("expert", llama, state)])
    assert found.problems == () and set(found.mergeable) == set(base.specs)
