"""A GGUF file of a Llama with two layers, written by the format's own library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 32, 2, 2, 64, 16
TOKENS = ["<unk>", "<s>", "</s>", *"abcdefghijklmnopqrstuvwxyz", "Ġ", "ab", "Ġa"]


def tensors(seed: int = 0) -> dict[str, np.ndarray]:
    """The model's tensors under GGUF's names, float32; the embedding is tied to the head, which is not stored."""
    rng = np.random.default_rng(seed)
    shapes = {"token_embd.weight": (len(TOKENS), WIDTH), "output_norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        shapes |= {f"blk.{layer}.{name}.weight": (WIDTH,) for name in ("attn_norm", "ffn_norm")}
        shapes |= {f"blk.{layer}.attn_{name}.weight": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
        shapes |= {f"blk.{layer}.ffn_{name}.weight": (INNER, WIDTH) for name in ("gate", "up")}
        shapes[f"blk.{layer}.ffn_down.weight"] = (WIDTH, INNER)
    return {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}


def write_gguf(path: Path, kind: str = "Q8_0", seed: int = 0) -> dict[str, np.ndarray]:
    """Write the model with matrices quantised as `kind`, and give what they dequantise to."""
    import gguf

    writer: Any = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    for name, value in {
        "context_length": CONTEXT,
        "embedding_length": WIDTH,
        "block_count": LAYERS,
        "feed_forward_length": INNER,
        "head_count": HEADS,
        "head_count_kv": HEADS,
        "rope_dimension_count": WIDTH // HEADS,
        "vocab_size": len(TOKENS),
    }.items():
        getattr(writer, f"add_{name}")(value)
    writer.add_layer_norm_rms_eps(1e-6)
    _add_tokenizer(writer)
    found = {}
    for name, value in tensors(seed).items():
        quantised = gguf.GGMLQuantizationType[kind if value.ndim > 1 else "F32"]
        stored = gguf.quants.quantize(value, quantised)
        writer.add_tensor(name, stored, raw_dtype=quantised)
        found[name] = gguf.quants.dequantize(stored, quantised)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return found


def _add_tokenizer(writer: Any) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 3, 3, *[1] * (len(TOKENS) - 3)])
    writer.add_token_merges(["a b", "Ġ a"])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
