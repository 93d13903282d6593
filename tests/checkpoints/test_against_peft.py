"""Adapters as PEFT itself writes, merges and loads them; without PEFT these tests are skipped."""

from __future__ import annotations

import dataclasses
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from architectures.tiny_zoo import EXPERTS, IDS, SHAPE, ZOO
from checkpoints.adapters import factors, write_adapter
from safetensors.torch import save_file
from torch import Tensor, nn

from mergelab.checkpoints import extract_adapter, in_memory, open_folder
from mergelab.checkpoints.files.silence import silence
from mergelab.checkpoints.lora.adapter import open_adapter
from mergelab.checkpoints.lora.peft_features import KNOWN
from mergelab.runtime.progress import finish

peft: Any = pytest.importorskip("peft")

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # PEFT tells what it corrects in a config
    pytest.mark.filterwarnings(
        "ignore:The following:RuntimeWarning"
    ),  # patterns of parameters, which it looks up twice
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def build(name: str) -> nn.Module:
    import transformers

    torch.manual_seed(0)
    return (MIXTURES[name] if name in MIXTURES else ZOO[name].build)(transformers)


def _mixtral(t: Any) -> nn.Module:
    return t.MixtralForCausalLM(t.MixtralConfig(**SHAPE, num_key_value_heads=1, num_local_experts=4))


def _gpt_oss(t: Any) -> nn.Module:
    """Its files store stacked experts, and a matrix is (in, out), here also with as many inputs as outputs."""
    sizes = {**SHAPE, "intermediate_size": 16, "num_key_value_heads": 1, "num_local_experts": 4, "head_dim": 8}
    return t.GptOssForCausalLM(t.GptOssConfig(**sizes, rope_parameters={"rope_type": "default", "rope_theta": 1e4}))


MIXTURES = {"mixtral": _mixtral, "gpt_oss": _gpt_oss}


def tuned(model: Any, seed: int = 5, **config: Any) -> Any:
    """A PEFT model whose trained parameters were moved."""
    found = peft.get_peft_model(model, peft.LoraConfig(**{"r": 4, "task_type": "CAUSAL_LM", **config})).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in found.parameters():
            if value.requires_grad:
                value.add_(0.1 * torch.randn(value.shape, generator=generator))
    return found


def logits(model: Any) -> Tensor:
    with torch.no_grad():
        found: Tensor = model.eval()(IDS).logits
    return found


def written(found: Any, folder: Path) -> Path:
    """What an opened adapter is, as a model folder."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(dict(found.config)))
    save_file(
        {key: found.read(key).contiguous() for key in found.specs}, folder / "model.safetensors", {"format": "pt"}
    )
    return folder


def saved(model: Any, folder: Path) -> dict[str, Tensor]:
    """Write a model; gives its tensors by file key."""
    with silence():
        model.save_pretrained(folder)
    found = open_folder(folder)
    return {key: found.read(key) for key in found.specs}


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("llama_untied", {"target_modules": "all-linear", "lora_alpha": 6}),
    "root of the rank": ("llama_tied", {"target_modules": ["q_proj", "up_proj"], "use_rslora": True}),
    "patterns": (
        "llama_untied",
        {
            "target_modules": ["q_proj", "v_proj"],
            "rank_pattern": {"layers.1.self_attn.q_proj": 3, "^model.layers.0.+v_proj": 2},
            "alpha_pattern": {".*0.*q_proj": 5},
        },
    ),
    "embedding": ("llama_untied", {"target_modules": ["embed_tokens", "q_proj"]}),
    "conv1d": ("gpt2", {"target_modules": ["c_attn", "c_proj", "c_fc"]}),
    "bias": ("roberta", {"target_modules": ["query", "dense"], "lora_bias": True}),
    "whole modules": ("roberta", {"target_modules": ["query"], "modules_to_save": ["LayerNorm", "classifier"]}),
    "convolution": ("resnet", {"target_modules": ["convolution"]}),
    "conv1d of sound": ("whisper", {"target_modules": ["conv1", "q_proj"]}),
    "renamed": ("vit", {"target_modules": ["q_proj", "projection"], "modules_to_save": ["classifier"]}),
    "encoder and decoder": ("t5", {"target_modules": ["q", "v", "wo"]}),
    "mixture": ("qwen2_moe", {"target_modules": ["q_proj", "shared_expert_gate"]}),
    "DoRA": ("llama_untied", {"target_modules": "all-linear", "use_dora": True, "lora_alpha": 8}),
    "DoRA of conv1d": ("gpt2", {"target_modules": ["c_attn", "c_proj"], "use_dora": True}),
    "DoRA of an embedding": ("llama_untied", {"target_modules": ["embed_tokens", "lm_head"], "use_dora": True}),
    "DoRA of a convolution": ("resnet", {"target_modules": ["convolution"], "use_dora": True}),
    "DoRA of conv1d of sound": ("whisper", {"target_modules": ["conv1"], "use_dora": True}),
    "biases of its layers": ("gpt2", {"target_modules": ["c_attn"], "bias": "lora_only"}),
    "all biases": ("roberta", {"target_modules": ["query"], "bias": "all"}),
    "biases that have other names": ("t5", {"target_modules": ["q"], "bias": "all"}),
    "added bias and trained bias": ("roberta", {"target_modules": ["query"], "bias": "all", "lora_bias": True}),
    "tokens": ("llama_untied", {"target_modules": ["q_proj"], "trainable_token_indices": [7, 3]}),
    "tokens of both": (
        "llama_untied",
        {"target_modules": ["q_proj"], "trainable_token_indices": {"embed_tokens": [3], "lm_head": [5, 4]}},
    ),
    "tokens of a tied model": ("llama_tied", {"target_modules": ["q_proj"], "trainable_token_indices": [3, 5]}),
    "experts": ("mixtral", {"target_modules": "all-linear", "lora_alpha": 16}),
    "a router that was saved": ("mixtral", {"target_modules": ["q_proj"], "modules_to_save": ["mlp.gate"]}),
    "experts and more": ("qwen3_moe", {"target_modules": ["up_proj", "down_proj", "gate_proj", "q_proj"]}),
    "one parameter": ("qwen2_moe", {"target_modules": ["q_proj"], "target_parameters": ["mlp.experts.gate_up_proj"]}),
    "lower parameter": ("qwen2_moe", {"target_modules": ["q_proj"], "target_parameters": ["experts.down_proj"]}),
    "parameters": (
        "qwen2_moe",
        {
            "target_modules": ["o_proj"],
            "target_parameters": ["experts.down_proj", "experts.gate_up_proj", "gate.weight"],
            "alpha_pattern": {"experts.down_proj": 3},
            "use_rslora": True,
        },
    ),
    "stacked in the file": (
        "gpt_oss",
        {"target_modules": ["q_proj"], "target_parameters": ["experts.gate_up_proj", "experts.down_proj"]},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_adapter_reads_as_peft_merges_it(tmp_path: Path, case: str) -> None:
    name, config = CASES[case]
    model = build(name)
    saved(model, tmp_path / "base")
    trained = tuned(model, **{"task_type": None, **config})
    trained.save_pretrained(tmp_path / "adapter")

    found = open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))

    expected = saved(trained.merge_and_unload(), tmp_path / "merged")
    assert found.specs.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found.read(key), value, rtol=1e-5, atol=1e-6)
    moved = sum(bool((expected[key] != found.base.read(key)).any()) for key in expected)
    assert moved == sum(bool((found.read(key) != found.base.read(key)).any()) for key in expected) > 0


@pytest.mark.parametrize("name", ["llama_untied", "gpt2", "roberta", "dinov2", "resnet", "whisper"])
def test_peft_loads_an_extracted_adapter_and_merges_it_to_what_was_measured(tmp_path: Path, name: str) -> None:
    model = build(name)
    state = saved(model, tmp_path / "base")
    base = open_folder(tmp_path / "base")
    noise = {
        key: value + 0.1 * torch.randn_like(value) if value.is_floating_point() else value
        for key, value in state.items()
    }
    finish(extract_adapter(base, in_memory("merged", noise, base.config), tmp_path / "adapter", 4))

    with silence(), warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*missing.*")
        loaded = peft.PeftModel.from_pretrained(type(model).from_pretrained(tmp_path / "base"), tmp_path / "adapter")

    found = open_adapter(tmp_path / "adapter", base)
    for key, value in saved(loaded.merge_and_unload(), tmp_path / "back").items():
        torch.testing.assert_close(found.read(key), value, rtol=1e-5, atol=1e-6)


LAYERS = ["q_proj"]
TIED: dict[str, tuple[bool, dict[str, Any]]] = {
    "head saved": (False, {"modules_to_save": ["lm_head"]}),
    "embedding saved": (False, {"modules_to_save": ["embed_tokens"]}),
    "both saved": (False, {"modules_to_save": ["embed_tokens", "lm_head"]}),
    "head saved, kept tied": (True, {"modules_to_save": ["lm_head"], "ensure_weight_tying": True}),
    "embedding saved, kept tied": (True, {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True}),
    "factors of the head": (False, {"target_modules": [*LAYERS, "lm_head"]}),
    "factors of the embedding": (False, {"target_modules": [*LAYERS, "embed_tokens"]}),
    "factors of both": (False, {"target_modules": [*LAYERS, "embed_tokens", "lm_head"]}),
    "factors of both, kept tied": (
        True,
        {"target_modules": [*LAYERS, "embed_tokens", "lm_head"], "ensure_weight_tying": True},
    ),
    "DoRA of both": (False, {"target_modules": [*LAYERS, "embed_tokens", "lm_head"], "use_dora": True}),
    "DoRA of both, kept tied": (
        False,
        {"target_modules": [*LAYERS, "embed_tokens", "lm_head"], "use_dora": True, "ensure_weight_tying": True},
    ),
    "factors and a saved head": (False, {"target_modules": [*LAYERS, "embed_tokens"], "modules_to_save": ["lm_head"]}),
    "tokens": (True, {"trainable_token_indices": {"embed_tokens": [3, 5]}}),
    "equal tokens": (True, {"trainable_token_indices": {"embed_tokens": [3, 5], "lm_head": [3, 5]}}),
    "different tokens": (False, {"trainable_token_indices": {"embed_tokens": [3, 5], "lm_head": [7]}}),
    "tokens of the head": (False, {"trainable_token_indices": {"lm_head": [7]}}),
}


@pytest.mark.parametrize("stores_head", [False, True])
@pytest.mark.parametrize("case", TIED)
def test_a_tied_model_predicts_what_the_trained_one_did(tmp_path: Path, case: str, stores_head: bool) -> None:
    """PEFT's own merge differs where it adds to one tensor what was trained for the embedding and for the head."""
    stays, config = TIED[case]
    model: Any = build("llama_tied")
    state = saved(model, tmp_path / "base")
    if stores_head:
        state["lm_head.weight"] = state["model.embed_tokens.weight"].clone()
        save_file(state, tmp_path / "base" / "model.safetensors", {"format": "pt"})
    model = type(model).from_pretrained(tmp_path / "base")
    trained = tuned(model, **{"target_modules": list(LAYERS), "lora_alpha": 8, **config})
    trained.save_pretrained(tmp_path / "adapter")

    found = open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))

    assert (found.config.get("tie_word_embeddings") is not False) == stays
    assert ("lm_head.weight" in found.specs) == (stores_head or not stays)
    assert any("two tensors" in remark for remark in found.remarks) != stays
    merged = type(model).from_pretrained(written(found, tmp_path / "merged"))
    torch.testing.assert_close(logits(merged), logits(trained), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["llama_tied", "llama_untied"])
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"target_modules": [*LAYERS, "embed_tokens", "lm_head"]},
        {"trainable_token_indices": [31]},
        {"modules_to_save": ["lm_head"]},
    ],
    ids=str,
)
def test_added_tokens_come_with_the_adapter(tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    model: Any = build(name)
    saved(model, tmp_path / "base")
    model = type(model).from_pretrained(tmp_path / "base")
    model.resize_token_embeddings(32)
    trained = tuned(model, **{"target_modules": list(LAYERS), **config})
    trained.save_pretrained(tmp_path / "adapter")

    found = open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))

    assert found.specs["model.embed_tokens.weight"].shape == (32, 16) and found.config["vocab_size"] == 32
    assert any("with 32 rows, and the base has 30" in remark for remark in found.remarks)
    merged = type(model).from_pretrained(written(found, tmp_path / "merged"))
    torch.testing.assert_close(logits(merged), logits(trained), rtol=1e-4, atol=1e-5)


def test_rows_that_peft_did_not_store_are_told(tmp_path: Path) -> None:
    """With factors of the embedding alone, PEFT stores its added rows but not those of the head."""
    model: Any = build("llama_untied")
    saved(model, tmp_path / "base")
    model = type(model).from_pretrained(tmp_path / "base")
    model.resize_token_embeddings(32)
    tuned(model, target_modules=["embed_tokens"]).save_pretrained(tmp_path / "adapter")
    found = open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))
    assert any("32 rows" in remark and "lm_head.weight has 30" in remark for remark in found.remarks)


def test_a_file_may_store_experts_the_other_way_round(tmp_path: Path) -> None:
    """transformers loads (experts, in, out) as well as (experts, out, in), and tells them apart by their shape."""
    import transformers

    text = {**SHAPE, **EXPERTS, "num_key_value_heads": 1, "head_dim": 8}
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]}
    vision = {"depth": 1, "hidden_size": 16, "num_heads": 2, "intermediate_size": 16, "out_hidden_size": 16}
    vision["deepstack_visual_indexes"] = [0]
    torch.manual_seed(0)
    kind = transformers.Qwen3VLMoeForConditionalGeneration
    state = saved(kind(transformers.Qwen3VLMoeConfig(text_config=text, vision_config=vision)), tmp_path / "base")
    turned = {key: value.mT.contiguous() if ".experts.down" in key else value for key, value in state.items()}
    save_file(turned, tmp_path / "base" / "model.safetensors", {"format": "pt"})
    parameters = ["experts.down_proj", "experts.gate_up_proj"]
    trained = tuned(kind.from_pretrained(tmp_path / "base"), target_modules=[], target_parameters=parameters)
    trained.save_pretrained(tmp_path / "adapter")
    found = open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))
    merged = kind.from_pretrained(written(found, tmp_path / "merged"))
    torch.testing.assert_close(logits(merged), logits(trained), rtol=1e-4, atol=1e-5)
    moved = [key for key, value in turned.items() if not torch.equal(found.read(key), value)]
    assert len(moved) == 2 * 2 and all(".experts." in key for key in moved)


def test_an_adapter_of_separate_experts_is_that_of_the_stacked_ones(tmp_path: Path) -> None:
    """Earlier versions of transformers had a layer for every expert, with the names that the files still have."""
    saved(build("mixtral"), tmp_path / "base")
    base, tensors = open_folder(tmp_path / "base"), {}
    for name in ("w1", "w2", "w3"):
        for expert in range(4):
            module = f"model.layers.1.block_sparse_moe.experts.{expert}.{name}"
            outputs, inputs = base.specs[f"{module}.weight"].shape
            tensors |= factors(module, inputs, outputs, seed=expert)
    layers = ["w1", "w2", "w3"]
    write_adapter(tmp_path / "adapter", tensors, task_type="CAUSAL_LM", target_modules=layers)
    import transformers

    model = transformers.MixtralForCausalLM.from_pretrained(tmp_path / "base")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = peft.PeftModel.from_pretrained(model, tmp_path / "adapter")
    merged = type(model).from_pretrained(written(open_adapter(tmp_path / "adapter", base), tmp_path / "merged"))
    torch.testing.assert_close(logits(merged), logits(loaded), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": "olora"},
        {"init_lora_weights": "mica"},
        {"layer_replication": [(0, 2), (1, 2)]},
        {"alora_invocation_tokens": [1, 2]},
        {"use_bdlora": peft.tuners.lora.config.BdLoraConfig(target_modules_bd_a=["q_proj"], nblocks=2)},
        {"velora_config": peft.tuners.lora.config.VeloraConfig(num_groups=4)},
    ],
    ids=lambda config: next(iter(config.values())) if "init_lora_weights" in config else next(iter(config)),
)
def test_what_peft_means_otherwise_is_refused_by_name(tmp_path: Path, config: dict[str, Any]) -> None:
    model = build("llama_untied")
    saved(model, tmp_path / "base")
    tuned(model, r=2, target_modules=["q_proj"], **config).save_pretrained(tmp_path / "adapter")
    with pytest.raises(ValueError, match=f"is refused: .*{next(iter(config))}.*; in PEFT, "):
        open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))


def test_every_kind_of_adapter_besides_lora_is_refused_by_name(tmp_path: Path) -> None:
    base = in_memory("base", {"q.weight": torch.zeros(4, 4)})
    for kind in set(peft.PeftType) - {peft.PeftType.LORA}:
        write_adapter(tmp_path / kind.value, factors("q"), peft_type=kind.value)
        with pytest.raises(
            ValueError, match=f"its peft_type is '{kind.value}', but only LORA is read; (in PEFT|leave)"
        ):
            open_adapter(tmp_path / kind.value, base)


def test_every_setting_of_lora_is_known() -> None:
    """A new setting of PEFT needs a decision: is it read, is it without effect on the stored weights, or refused?"""
    assert {field.name for field in dataclasses.fields(peft.LoraConfig)} <= KNOWN


def test_converted_pissa_is_plain_lora(tmp_path: Path) -> None:
    model = build("llama_untied")
    saved(model, tmp_path / "base")
    started = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights="pissa"))
    started.peft_config["default"].init_lora_weights = True
    started.save_pretrained(tmp_path / "start")
    started.peft_config["default"].init_lora_weights = "pissa"
    with torch.no_grad():
        for value in started.parameters():
            if value.requires_grad:
                value.add_(0.1)
    expected = logits(started)
    started.save_pretrained(tmp_path / "adapter", path_initial_model_for_weight_conversion=str(tmp_path / "start"))
    found = open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))
    merged: Any = type(model).from_pretrained(written(found, tmp_path / "merged"))  # type: ignore[attr-defined]
    torch.testing.assert_close(logits(merged), expected, rtol=1e-3, atol=1e-4)


def test_a_file_with_the_names_inside_peft_reads_alike(tmp_path: Path) -> None:
    model = build("llama_untied")
    saved(model, tmp_path / "base")
    base = open_folder(tmp_path / "base")
    trained = tuned(model, target_modules=["q_proj", "embed_tokens"], use_dora=True, modules_to_save=["norm"])
    trained.save_pretrained(tmp_path / "adapter")
    right = open_adapter(tmp_path / "adapter", base)
    wanted = ("lora_", ".modules_to_save.", ".original_module.")
    inside = {key: value.clone() for key, value in trained.state_dict().items() if any(part in key for part in wanted)}
    assert any("lora_A.default.weight" in key for key in inside)
    for prefix in ("", "module.", "_orig_mod.", "module._orig_mod."):
        trained.save_pretrained(tmp_path / f"again {prefix}")
        named = {prefix + key: value for key, value in inside.items()}
        save_file(named, tmp_path / f"again {prefix}" / "adapter_model.safetensors")
        found = open_adapter(tmp_path / f"again {prefix}", base)
        assert found.specs.keys() == right.specs.keys()
        assert all(torch.equal(found.read(key), right.read(key)) for key in right.specs)
