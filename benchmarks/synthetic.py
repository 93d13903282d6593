"""Models of real shapes with random weights: a base and experts near it, in memory or written tensor by tensor."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import MergedFolder, TensorSpec, in_memory

SPREAD, CHANGE = 0.02, 0.002
"""Standard deviations of the base's weights and of an expert's distance from it."""
NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")

Shapes = dict[str, tuple[int, ...]]
State = dict[str, Tensor]


def llama(hidden: int, layers: int, mlp: int, vocab: int) -> tuple[Shapes, dict[str, Any]]:
    """Shapes of a Llama's tensors by name, and its config."""
    shapes: Shapes = dict.fromkeys(("model.embed_tokens.weight", "lm_head.weight"), (vocab, hidden))
    for layer in range(layers):
        start = f"model.layers.{layer}."
        shapes |= {f"{start}self_attn.{name}_proj.weight": (hidden, hidden) for name in "qkvo"}
        shapes |= {f"{start}mlp.{name}_proj.weight": (mlp, hidden) for name in ("gate", "up")}
        shapes[f"{start}mlp.down_proj.weight"] = (hidden, mlp)
        shapes |= {f"{start}{name}_layernorm.weight": (hidden,) for name in ("input", "post_attention")}
    shapes["model.norm.weight"] = (hidden,)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "intermediate_size": mlp,
        "vocab_size": vocab,
        "num_attention_heads": max(1, hidden // 64),
        "num_key_value_heads": max(1, hidden // 64),
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }
    return shapes, config


def bert(hidden: int, layers: int, mlp: int, vocab: int) -> Shapes:
    """Shapes of a BERT's tensors by name, which has a bias to every matrix."""
    shapes: Shapes = {"embeddings.word_embeddings.weight": (vocab, hidden)}
    for layer in range(layers):
        start = f"encoder.layer.{layer}."
        matrices = {
            **{f"attention.self.{name}": (hidden, hidden) for name in ("query", "key", "value")},
            "attention.output.dense": (hidden, hidden),
            "intermediate.dense": (mlp, hidden),
            "output.dense": (hidden, mlp),
        }
        for name, shape in matrices.items():
            shapes |= {f"{start}{name}.weight": shape, f"{start}{name}.bias": shape[:1]}
        norms = (f"{start}{name}.LayerNorm" for name in ("attention.output", "output"))
        shapes |= {f"{norm}.{part}": (hidden,) for norm in norms for part in ("weight", "bias")}
    return shapes


def parameters(shapes: Shapes) -> int:
    """How many numbers a model of these shapes has."""
    return sum(torch.Size(shape).numel() for shape in shapes.values())


def tensor(name: str, number: int, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A tensor of the base (0) or of an expert (1, 2, …): the same whenever it is asked for."""
    base = _normal(f"base {name}", shape).mul_(SPREAD)
    if number == 0:
        return base.to(dtype)
    return base.to(dtype).float().add_(_normal(f"{number} {name}", shape), alpha=CHANGE).to(dtype)


def states(shapes: Shapes, experts: int, dtype: torch.dtype = torch.bfloat16) -> dict[str, State]:
    """The base's state dict under the name base, the experts' under a, b, …"""
    names = ("base", *NAMES[:experts])
    return {
        name: {key: tensor(key, number, shape, dtype) for key, shape in shapes.items()}
        for number, name in enumerate(names)
    }


def write_folders(
    root: Path,
    shapes: Shapes,
    config: Mapping[str, Any],
    experts: int,
    dtype: torch.dtype = torch.bfloat16,
    shard_bytes: int = 5_000_000_000,
) -> dict[str, Path]:
    """The same as model folders under `root`, one tensor in memory at a time."""
    specs = {key: TensorSpec(shape, dtype) for key, shape in shapes.items()}
    folders = {name: root / name for name in ("base", *NAMES[:experts])}
    for number, folder in enumerate(folders.values()):
        with MergedFolder(folder, in_memory("synthetic", {}, config), specs, shard_bytes=shard_bytes) as writer:
            for key, shape in shapes.items():
                writer.write(key, tensor(key, number, shape, dtype))
    return folders


def _normal(name: str, shape: tuple[int, ...]) -> Tensor:
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.randn(shape, generator=generator)
