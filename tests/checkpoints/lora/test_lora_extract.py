from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from architectures.tiny_zoo import ZOO
from safetensors.torch import load_file
from torch import Tensor, nn

from mergelab.checkpoints import (
    Checkpoint,
    CheckpointError,
    Extraction,
    extract_adapter,
    in_memory,
    open_folder,
    verify_folder,
)
from mergelab.checkpoints.files.silence import silence
from mergelab.checkpoints.lora.adapter import open_adapter
from mergelab.runtime.progress import finish

Choose = Callable[[str], bool]
FULL = 24
"""A rank that no layer of the tiny models exceeds."""


def moved(name: str, root: Path, choose: Choose = lambda key: True, rank: int = 0) -> tuple[Checkpoint, Checkpoint]:
    """A tiny model and a copy in which the chosen parameters moved, matrices by a product of `rank` if one is given."""
    import transformers

    torch.manual_seed(0)
    base: Any = ZOO[name].build(transformers)
    merged: nn.Module = copy.deepcopy(base)
    with torch.no_grad():
        for key, value in merged.named_parameters():
            if choose(key):
                low = rank and value.ndim == 2
                value.add_(
                    torch.randn(len(value), rank) @ torch.randn(rank, value.shape[1])
                    if low
                    else torch.randn_like(value)
                )
    with silence():
        base.save_pretrained(root / "base")
        merged.save_pretrained(root / "merged")
    return open_folder(root / "base"), open_folder(root / "merged")


def extracted(pair: tuple[Checkpoint, Checkpoint], out: Path, rank: int) -> Extraction:
    return finish(extract_adapter(*pair, out, rank))


def read_back(pair: tuple[Checkpoint, Checkpoint], out: Path) -> dict[str, Tensor]:
    found = open_adapter(out, pair[0])
    return {key: found.read(key) for key in pair[0].specs}


def relative(pair: tuple[Checkpoint, Checkpoint], state: dict[str, Tensor]) -> float:
    """The error of a whole model, worked out afresh."""
    missed = sum(float((state[key].double() - pair[1].read(key)).square().sum()) for key in state)
    whole = sum(float((pair[0].read(key).double() - pair[1].read(key)).square().sum()) for key in state)
    return (missed / whole) ** 0.5


@pytest.mark.parametrize(
    ("name", "choose"),
    [
        ("llama_untied", lambda key: True),
        ("gpt2", lambda key: ".h." in key),
        ("roberta", lambda key: "encoder" in key),
        ("dinov2", lambda key: "token" not in key and "position" not in key),
        ("resnet", lambda key: key != "classifier.1.bias"),
    ],
)
def test_with_a_full_rank_all_that_an_adapter_can_carry_comes_back(tmp_path: Path, name: str, choose: Choose) -> None:
    pair = moved(name, tmp_path, choose)
    found = extracted(pair, tmp_path / "out", 9 * FULL if name == "resnet" else FULL)
    state = read_back(pair, tmp_path / "out")
    assert found.left_out == {} and found.error < 1e-6
    for key, value in state.items():
        torch.testing.assert_close(value, pair[1].read(key), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rank", [2, 5])
def test_the_error_is_that_of_the_best_product_and_of_the_adapter_as_read(tmp_path: Path, rank: int) -> None:
    pair = moved("llama_untied", tmp_path, lambda key: key.endswith("q_proj.weight"))
    found = extracted(pair, tmp_path / "out", rank)
    for key, error in found.errors.items():
        values = torch.linalg.svdvals((pair[1].read(key) - pair[0].read(key)).double())
        assert error == pytest.approx(float(values[rank:].norm() / values.norm()), rel=1e-4)
    assert len(found.errors) == 2 and found.error == pytest.approx(
        relative(pair, read_back(pair, tmp_path / "out")), rel=1e-5
    )


def test_a_delta_of_low_rank_needs_no_more(tmp_path: Path) -> None:
    pair = moved("llama_untied", tmp_path, lambda key: "layers" in key and "norm" not in key, rank=3)
    assert extracted(pair, tmp_path / "out", 3).error < 1e-5
    assert extracted(pair, tmp_path / "less", 2).error > 0.1


def test_what_cannot_be_carried_is_told_and_counted(tmp_path: Path) -> None:
    pair = moved("vit", tmp_path, lambda key: "query" in key or "q_proj" in key or "cls_token" in key)
    found = extracted(pair, tmp_path / "out", FULL)
    assert list(found.left_out) == ["vit.embeddings.cls_token"]
    assert "not a layer type that LoRA supports" in found.left_out["vit.embeddings.cls_token"]
    assert found.errors["vit.embeddings.cls_token"] == 1.0
    assert (
        found.error == pytest.approx(relative(pair, read_back(pair, tmp_path / "out")), rel=1e-4) and found.error > 0.01
    )


@pytest.mark.parametrize("name", ["llama_tied", "t5", "bert"])
def test_an_embedding_that_is_the_head_too_is_left_out(tmp_path: Path, name: str) -> None:
    def choose(key: str) -> bool:
        return key.endswith(
            (
                "embed_tokens.weight",
                "shared.weight",
                "word_embeddings.weight",
                "q.weight",
                "q_proj.weight",
                "query.weight",
            )
        )

    found = extracted(moved(name, tmp_path, choose), tmp_path / "out", FULL)
    assert len(found.left_out) == 1 and "also the output head" in next(iter(found.left_out.values()))


def test_experts_of_a_mixture_and_their_router_are_left_out(tmp_path: Path) -> None:
    pair = moved("qwen2_moe", tmp_path, lambda key: "mlp" in key or key.endswith("o_proj.weight"))
    left_out = extracted(pair, tmp_path / "out", 4).left_out
    experts = {key for key, why in left_out.items() if "stores it in a different form from the one it uses" in why}
    assert len(experts) == 2 * 4 * 3 and all(".experts." in key for key in experts)
    assert left_out.keys() - experts == {f"model.layers.{layer}.mlp.gate.weight" for layer in range(2)}


def test_biases_are_carried_only_where_every_changed_layer_has_one(tmp_path: Path) -> None:
    def lone(key: str) -> bool:
        return key.endswith(("self_attn.k_proj.weight", "fc1.bias"))

    found = extracted(moved("whisper", tmp_path, lone), tmp_path / "out", FULL)
    assert all(key.endswith("fc1.bias") and "PEFT supports" in why for key, why in found.left_out.items())
    assert len(found.left_out) == 2

    pair = moved("whisper", tmp_path / "all", lambda key: key.endswith(("self_attn.q_proj.weight", "fc1.bias")))
    assert extracted(pair, tmp_path / "all" / "out", FULL).left_out == {}
    state = read_back(pair, tmp_path / "all" / "out")
    assert relative(pair, state) < 1e-6


def test_an_embedding_in_an_adapter_rules_its_biases_out(tmp_path: Path) -> None:
    pair = moved("roberta", tmp_path, lambda key: "word_embeddings" in key or "layer.0.attention.self.query" in key)
    found = extracted(pair, tmp_path / "out", FULL)
    assert list(found.left_out) == ["roberta.encoder.layer.0.attention.self.query.bias"]
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text())["lora_bias"] is False


def test_the_folder_is_what_peft_reads(tmp_path: Path) -> None:
    pair = moved("llama_untied", tmp_path, lambda key: "layers.0" in key or key == "model.norm.weight")
    found = extracted(pair, tmp_path / "out", 2)
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    tensors = load_file(tmp_path / "out" / "adapter_model.safetensors")
    layer = "model.layers.0"
    linear = [f"{layer}.mlp.{name}_proj" for name in ("down", "gate", "up")]
    linear += [f"{layer}.self_attn.{name}_proj" for name in "koqv"]
    norms = [f"{layer}.{name}" for name in ("input_layernorm", "post_attention_layernorm")] + ["model.norm"]

    assert config["target_modules"] == sorted(linear) and config["modules_to_save"] == sorted(norms)
    assert {key: config[key] for key in ("peft_type", "task_type", "r", "lora_alpha", "bias", "lora_bias")} == {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": 2,
        "lora_alpha": 2,
        "bias": "none",
        "lora_bias": False,
    }
    assert config["base_model_name_or_path"] == str(tmp_path / "base")
    names = [f"{module}.lora_{side}.weight" for module in linear for side in "AB"] + [
        f"{norm}.weight" for norm in norms
    ]
    assert tensors.keys() == {f"base_model.model.{name}" for name in names}
    down = tensors[f"base_model.model.{layer}.mlp.down_proj.lora_A.weight"]
    assert (down.shape, down.dtype) == ((2, 24), torch.float32)
    assert found.nbytes == sum(tensor.nbytes for tensor in tensors.values())


def test_the_manifest_reports_the_errors(tmp_path: Path) -> None:
    found = extracted(moved("llama_tied", tmp_path), tmp_path / "out", 4)
    report = json.loads((tmp_path / "out" / "manifest.json").read_text())["adapter"]
    assert report == {
        "rank": 4,
        "relative_error": found.error,
        "tensors": dict(found.errors),
        "left_out": dict(found.left_out),
    }
    verify_folder(tmp_path / "out")


def test_a_bare_norm_takes_its_namesakes_along(tmp_path: Path) -> None:
    """PEFT replaces every module whose name ends with the one that is listed: "norm" also names "input_layernorm"."""
    import transformers

    torch.manual_seed(0)
    kind = transformers.LlamaModel(ZOO["llama_untied"].build(transformers).config)
    with silence():
        kind.save_pretrained(tmp_path / "base")
        with torch.no_grad():
            kind.norm.weight.add_(1)
            kind.layers[0].self_attn.q_proj.weight.add_(1)
        kind.save_pretrained(tmp_path / "merged")
    pair = open_folder(tmp_path / "base"), open_folder(tmp_path / "merged")
    assert extracted(pair, tmp_path / "out", 1).error < 1e-6
    tensors = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert sum(name.endswith("norm.weight") for name in tensors) == 5


def test_bad_ranks_and_models_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    pair = moved("llama_untied", tmp_path, lambda key: False)
    with pytest.raises(CheckpointError, match="rank must be a whole number of at least 1, got 0"):
        extracted(pair, tmp_path / "out", 0)
    with pytest.raises(CheckpointError, match="there is nothing to extract"):
        extracted(pair, tmp_path / "out", 2)
    with pytest.raises(CheckpointError, match="choose an expert"):
        extracted((pair[0], in_memory("other", {"w": torch.ones(2)})), tmp_path / "out", 2)
    assert not (tmp_path / "out").exists()
