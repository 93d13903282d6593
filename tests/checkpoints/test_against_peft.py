"""Adapters as PEFT itself writes, merges and loads them; without PEFT these tests are skipped."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from architectures.tiny_zoo import SHAPE, ZOO
from torch import Tensor, nn

from mergelab.checkpoints import extract_adapter, in_memory, open_folder
from mergelab.checkpoints.files.silence import silence
from mergelab.checkpoints.lora.adapter import open_adapter
from mergelab.runtime.progress import finish

peft: Any = pytest.importorskip("peft")

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # PEFT tells what it corrects in a config
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def build(name: str) -> nn.Module:
    import transformers

    torch.manual_seed(0)
    return ZOO[name].build(transformers)


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
}


@pytest.mark.parametrize("case", CASES)
def test_an_adapter_reads_as_peft_merges_it(tmp_path: Path, case: str) -> None:
    name, config = CASES[case]
    model = build(name)
    saved(model, tmp_path / "base")
    tuned = peft.get_peft_model(model, peft.LoraConfig(**{"r": 4, **config}))
    with torch.no_grad():
        for value in tuned.parameters():
            if value.requires_grad:
                value.add_(0.1 * torch.randn_like(value))
    tuned.save_pretrained(tmp_path / "adapter")

    found = open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))

    expected = saved(tuned.merge_and_unload(), tmp_path / "merged")
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


@pytest.mark.parametrize(
    "config",
    [
        {"use_dora": True},
        {"bias": "all"},
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": "olora"},
        {"trainable_token_indices": [1, 2]},
        {"layer_replication": [(0, 2), (1, 2)]},
    ],
    ids=str,
)
def test_what_peft_means_otherwise_than_plain_lora_is_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    import transformers

    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SHAPE, tie_word_embeddings=False))
    saved(model, tmp_path / "base")
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj"], **config))
    tuned.save_pretrained(tmp_path / "adapter")
    with pytest.raises(ValueError, match=f"is refused: .*{next(iter(config))}"):
        open_adapter(tmp_path / "adapter", open_folder(tmp_path / "base"))
