"""The location of a tensor in its network, as (layer, module) in one vocabulary for all common architectures."""

from __future__ import annotations

import re
from functools import lru_cache

from mergelab.checkpoints.alignment.key_alignment import HEADS, WRAPPERS

PARAMETERS = ("weight", "bias", "gamma", "beta")
LISTS = ("layer", "layers", "h", "block", "blocks", "resblocks")
EMBEDDINGS = {
    "word_embeddings": "word",
    "embed_tokens": "word",
    "wte": "word",
    "shared": "word",
    "embed_in": "word",
    "position_embeddings": "position",
    "position_embedding": "position",
    "embed_positions": "position",
    "wpe": "position",
    "pos_embed": "position",
    "token_type_embeddings": "type",
    "patch_embeddings": "patch",
    "patch_embedding": "patch",
    "patch_embed": "patch",
    "cls_token": "class",
    "class_embedding": "class",
    "mask_token": "mask",
    "distillation_token": "distillation",
    "layernorm_embedding": "norm",
    "word_embeddings_layernorm": "norm",
}
BLOCKS = (
    (r"EncDecAttention|encoder_attn|crossattention|cross_attn", "cross"),
    (r"SelfAttention|self_attn|self_attention|attention|attn|layer_attn", "attention"),
    (r"DenseReluDense|mlp|ffn|feed_forward", "mlp"),
)
PARTS = {
    "attention": {
        r"(self\.|attention\.)?(query|q_proj|q_lin|q|query_proj)": "query",
        r"(self\.|attention\.)?(key|k_proj|k_lin|k|key_proj)": "key",
        r"(self\.|attention\.)?(value|v_proj|v_lin|v|value_proj)": "value",
        r"c_attn|qkv|qkv_proj|query_key_value|Wqkv|in_proj": "qkv",
        r"output\.dense|c_proj|o_proj|out_proj|out_lin|o|proj|dense|Wo": "output",
        r"output\.LayerNorm": "norm",
        r"relative_attention_bias": "relative_bias",
        r"q_norm|q_layernorm": "query_norm",
        r"k_norm|k_layernorm": "key_norm",
    },
    "mlp": {
        r"c_fc|up_proj|wi|wi_1|fc1|lin1|dense_h_to_4h|Wi": "up",
        r"c_proj|down_proj|wo|fc2|lin2|dense_4h_to_h|Wo": "down",
        r"gate_proj|wi_0": "gate",
        r"gate_up_proj": "gate_up",
    },
}
OUTSIDE_BLOCKS = {
    r"intermediate\.dense|fc1": "mlp.up",
    r"output\.dense|fc2": "mlp.down",
    r"output\.LayerNorm|output_layer_norm|layernorm_after|layer_norm2|ln_2|norm2|final_layer_norm"
    r"|post_attention_layernorm|mlp_norm": "mlp.norm",
    r"layernorm_before|layer_norm1|ln_1|norm1|input_layernorm|sa_layer_norm|self_attn_layer_norm"
    r"|self_attention_layer_norm|attn_norm": "attention.norm",
    r"encoder_attn_layer_norm": "cross.norm",
}


@lru_cache(maxsize=1 << 16)  # every chart and every comparison of models asks for the same names
def address(key: str) -> tuple[str, str]:
    """(layer, module) of a tensor, for axes and tooltips: ("3", "attention.query"), ("embeddings", "word").

    The layer is "0", "1", … or "embeddings", "head", "other". The module has the same name in BERT, ViT, GPT-2, Llama,
    T5 and similar architectures, and omits the parameter's own name. Modules of a decoder next to an encoder begin with
    "decoder.". An unknown naming style keeps its original words.
    """
    parts = _without_parameter(key.split("."))
    if (parts[0] in HEADS and parts[0] != "fc") or parts == ["fc"]:
        return "head", ".".join(parts)
    place = _layer_position(parts)
    if place is not None:
        side = "decoder." if "decoder" in parts[:place] else ""
        return parts[place], side + _module(parts[place + 1 :], side != "")
    for part in parts:
        if part in EMBEDDINGS:
            return "embeddings", EMBEDDINGS[part]
    if "embeddings" in parts:
        return "embeddings", "norm" if "norm" in parts[-1].lower() else parts[-1]
    return "other", ".".join(part for part in parts if part not in WRAPPERS) or key


def _without_parameter(parts: list[str]) -> list[str]:
    return parts[:-1] if len(parts) > 1 and parts[-1] in PARAMETERS else parts


def _layer_position(parts: list[str]) -> int | None:
    """The index of the component that is the layer number, or None."""
    for index in range(1, len(parts)):
        if parts[index].isdecimal() and parts[index - 1] in LISTS:
            return index
    return None


def _module(parts: list[str], decoder: bool) -> str:
    if parts[:1] == ["layer"] and len(parts) > 2:
        return _t5_module(parts, decoder)
    name = ".".join(parts)
    for spelling, module in OUTSIDE_BLOCKS.items():
        if re.fullmatch(spelling, name):
            return module
    return _in_block(name)


def _t5_module(parts: list[str], decoder: bool) -> str:
    """T5 numbers the parts of a block: self-attention, cross-attention (decoder only), MLP."""
    if parts[2] != "layer_norm":
        return _in_block(".".join(parts[2:]))
    order = ("attention", "cross", "mlp") if decoder else ("attention", "mlp")
    return f"{order[min(int(parts[1]), len(order) - 1)] if parts[1].isdecimal() else 'other'}.norm"


def _in_block(name: str) -> str:
    for spelling, block in BLOCKS:
        match = re.fullmatch(rf"({spelling})\.(.+)", name)
        if match:
            return f"{block}.{_part(block, match.group(2))}"
    return name or "all"


def _part(block: str, rest: str) -> str:
    for spelling, part in PARTS["mlp" if block == "mlp" else "attention"].items():
        if re.fullmatch(spelling, rest):
            return part
    return rest
