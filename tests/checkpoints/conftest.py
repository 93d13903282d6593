"""Small real checkpoints on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints.tiny_suite import State, write_suite
from safetensors.torch import save
from torch import Tensor

TINY_BERT = {"model_type": "bert", "num_hidden_layers": 1, "hidden_size": 4, "vocab_size": 5}


def bert_body(prefix: str = "", layers: int = 1, width: int = 4, seed: int = 0) -> dict[str, Tensor]:
    """A few tensors with the names of a BERT body."""
    generator = torch.Generator().manual_seed(seed)
    names = {"embeddings.word_embeddings.weight": (5, width), "embeddings.LayerNorm.weight": (width,)}
    for layer in range(layers):
        names[f"encoder.layer.{layer}.attention.self.query.weight"] = (width, width)
        names[f"encoder.layer.{layer}.output.dense.bias"] = (width,)
    return {prefix + name: torch.randn(shape, generator=generator) for name, shape in names.items()}


def write_model(
    folder: Path, tensors: Mapping[str, Tensor] | None = None, config: Mapping[str, Any] | None = None, **texts: str
) -> Path:
    """A model folder with one weight file; `vocab_txt="…"` adds vocab.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(TINY_BERT if config is None else config))
    (folder / "model.safetensors").write_bytes(save(dict(bert_body() if tensors is None else tensors)))
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def write_shards(folder: Path, shards: Mapping[str, Mapping[str, Tensor]]) -> Path:
    """A model folder with the named shards and their index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(TINY_BERT))
    for name, tensors in shards.items():
        (folder / name).write_bytes(save(dict(tensors)))
    write_index(folder, {key: name for name, tensors in shards.items() for key in tensors})
    return folder


def write_index(folder: Path, weight_map: Mapping[str, Any]) -> None:
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.fixture
def make() -> Callable[..., Path]:
    return write_model


@pytest.fixture
def shard() -> Callable[..., Path]:
    return write_shards


@pytest.fixture
def index() -> Callable[..., None]:
    return write_index


@pytest.fixture
def body() -> Callable[..., dict[str, Tensor]]:
    return bert_body


@pytest.fixture
def tiny_config() -> dict[str, Any]:
    return dict(TINY_BERT)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: Callable[..., State]) -> Path:
    """A suite "tiny" as the only one there is, with a cache of its own."""
    folder = tmp_path / "assets" / "tiny"
    write_suite(folder, body())
    monkeypatch.setenv("MERGELAB_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    return folder
