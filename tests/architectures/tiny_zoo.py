"""One tiny random model of every architecture that merges are proven on, with what a forward pass of it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

SHAPE = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
VISION = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "image_size": 8,
    "patch_size": 4,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8}
IDS = torch.tensor([[3, 5, 7, 9, 11, 13]])
PIXELS = torch.linspace(-1, 1, 3 * 8 * 8).reshape(1, 3, 8, 8)
TEXT = {"input_ids": IDS, "attention_mask": torch.ones_like(IDS)}
PAIR = {**TEXT, "decoder_input_ids": IDS}
IMAGE = {"pixel_values": PIXELS}


@dataclass(frozen=True)
class Tiny:
    """`build(transformers)` makes the model; `inputs` are the arguments of a forward pass."""

    build: Callable[[Any], nn.Module]
    inputs: Mapping[str, Tensor]


def _whisper(t: Any) -> nn.Module:
    sides = {
        f"{side}_{name}": size
        for side in ("encoder", "decoder")
        for name, size in (("layers", 1), ("attention_heads", 2), ("ffn_dim", 16))
    }
    config = t.WhisperConfig(
        **sides,
        vocab_size=30,
        num_mel_bins=8,
        d_model=16,
        max_source_positions=20,
        max_target_positions=12,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    return t.WhisperForConditionalGeneration(config)


def _clip(t: Any) -> nn.Module:
    return t.CLIPModel(t.CLIPConfig(text_config=SHAPE, vision_config=VISION, projection_dim=8))


def _llama(tied: bool) -> Callable[[Any], nn.Module]:
    return lambda t: t.LlamaForCausalLM(t.LlamaConfig(**SHAPE, num_key_value_heads=1, tie_word_embeddings=tied))


def _gpt2(t: Any) -> nn.Module:
    return t.GPT2LMHeadModel(
        t.GPT2Config(vocab_size=30, n_positions=16, n_embd=16, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=2)
    )


def _deberta(t: Any) -> nn.Module:
    config = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 4}
    return t.DebertaV2ForSequenceClassification(t.DebertaV2Config(**SHAPE, **config))


ZOO = {
    "bert": Tiny(lambda t: t.BertForMaskedLM(t.BertConfig(**SHAPE)), TEXT),
    "deberta_v2": Tiny(_deberta, TEXT),
    "roberta": Tiny(lambda t: t.RobertaForSequenceClassification(t.RobertaConfig(**SHAPE)), TEXT),
    "t5": Tiny(
        lambda t: t.T5ForConditionalGeneration(
            t.T5Config(vocab_size=30, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, decoder_start_token_id=0)
        ),
        PAIR,
    ),
    "gpt2": Tiny(_gpt2, TEXT),
    "llama_tied": Tiny(_llama(True), TEXT),
    "llama_untied": Tiny(_llama(False), TEXT),
    "qwen2_moe": Tiny(
        lambda t: t.Qwen2MoeForCausalLM(
            t.Qwen2MoeConfig(**SHAPE, **EXPERTS, num_key_value_heads=1, shared_expert_intermediate_size=8)
        ),
        TEXT,
    ),
    "qwen3_moe": Tiny(
        lambda t: t.Qwen3MoeForCausalLM(t.Qwen3MoeConfig(**SHAPE, **EXPERTS, num_key_value_heads=1, head_dim=8)), TEXT
    ),
    "vit": Tiny(lambda t: t.ViTForImageClassification(t.ViTConfig(**VISION)), IMAGE),
    "dinov2": Tiny(
        lambda t: t.Dinov2Model(
            t.Dinov2Config(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=8, patch_size=4)
        ),
        IMAGE,
    ),
    "clip": Tiny(_clip, {**TEXT, **IMAGE}),
    "whisper": Tiny(
        _whisper, {"input_features": torch.linspace(-1, 1, 8 * 40).reshape(1, 8, 40), "decoder_input_ids": IDS}
    ),
    "resnet": Tiny(
        lambda t: t.ResNetForImageClassification(
            t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
        ),
        IMAGE,
    ),
}
