"""Tiny transformers models that are stacked, and the same stacks assembled by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

IDS = torch.tensor([[3, 5, 7, 9, 11, 13]])
SHAPE = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def llama(seed: int = 0, **changed: Any) -> nn.Module:
    import transformers

    torch.manual_seed(seed)
    config = transformers.LlamaConfig(**{**SHAPE, "tie_word_embeddings": False, **changed})
    return shaken(transformers.LlamaForCausalLM(config))


def qwen3(seed: int = 0, **changed: Any) -> nn.Module:
    import transformers

    torch.manual_seed(seed)
    return shaken(transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**{**SHAPE, "head_dim": 8, **changed})))


def gpt2(seed: int = 0, **changed: Any) -> nn.Module:
    import transformers

    torch.manual_seed(seed)
    sizes = {"vocab_size": 30, "n_positions": 16, "n_embd": 16, "n_layer": 3, "n_head": 2}
    ids = {"bos_token_id": 1, "eos_token_id": 2}
    return shaken(transformers.GPT2LMHeadModel(transformers.GPT2Config(**{**sizes, **ids, **changed})))


def shaken(model: nn.Module) -> nn.Module:
    """The model with other weights everywhere, norms included, so that no two layers are alike."""
    with torch.no_grad():
        for value in model.parameters():
            value.add_(torch.randn_like(value), alpha=0.1)
    return model.eval()


def saved(model: Any, folder: Path) -> str:
    model.save_pretrained(folder)
    return str(folder)


def stacked(recipe: dict[str, Any], out: Path) -> Path:
    """The folder that a recipe with method stack gives."""
    return Path(finish(workbench.save({"method": "stack", **recipe}, str(out), device="cpu")))


def by_hand(base: Any, layers: Sequence[Any], name: str) -> nn.Module:
    """`base` with these modules in its list of layers, numbered in order."""
    for place, layer in enumerate(layers):
        for module in layer.modules():
            if hasattr(module, "layer_idx"):
                module.layer_idx = place
    owner, _, own = name.rpartition(".")
    setattr(base.get_submodule(owner), own, nn.ModuleList(layers))
    if hasattr(base.config, "layer_types"):
        kinds = {None: "full_attention"}
        base.config.layer_types = [kinds.get(layer.self_attn.sliding_window, "sliding_attention") for layer in layers]
    base.config.num_hidden_layers = len(layers)
    return base


def logits(model: Any) -> Tensor:
    with torch.no_grad():
        answer: Tensor = model(input_ids=IDS, use_cache=False).logits
    return answer
