"""Model folders on disk that merge in milliseconds, and one that takes many seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from tiny_states import State, random_state, tuned

CONFIG = {"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 6, "vocab_size": 5}
SHAPES = {
    "embeddings.word_embeddings.weight": (5, 6),
    "encoder.layer.0.output.dense.weight": (6, 6),
    "encoder.layer.1.output.dense.weight": (6, 6),
    "encoder.layer.1.output.dense.bias": (6,),
}
MANY = {f"encoder.layer.{number}.output.dense.bias": (4,) for number in range(4000)}
"""Tensors enough for a survey of several seconds, with a yield at each."""


def write_folder(folder: Path, state: State) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "model.safetensors").write_bytes(save(dict(state)))
    return folder


def folders(root: Path, shapes: Mapping[str, tuple[int, ...]] = SHAPES, count: int = 2) -> dict[str, State]:
    """A base and experts under `root`; gives their states, the base's under the name base."""
    base = random_state(0, shapes=shapes)
    states = {"base": base, **tuned(base, count)}
    for name, state in states.items():
        write_folder(root / name, state)
    return states


def recipe_for(root: Path, method: Any = "average", **fields: Any) -> dict[str, Any]:
    """A recipe for the folders of `folders`."""
    models = [str(root / name) for name in "abcde" if (root / name).is_dir()]
    return {"base": str(root / "base"), "models": models, "method": method, **fields}


def slow(root: Path) -> dict[str, Any]:
    """A recipe that takes many seconds and can be stopped at any of its thousands of tensors."""
    torch.manual_seed(0)
    folders(root, MANY)
    return recipe_for(root, "ties")
