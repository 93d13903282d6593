"""A suite of one expert, with random weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.delta.suite_archive import pack_base, pack_delta

State = dict[str, Tensor]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest(folder: Path) -> dict[str, Any]:
    config = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "bad", "1": "good"}}
    return {
        "name": "tiny",
        "title": "Tiny",
        "description": "Two rows of nothing.",
        "modality": "text",
        "prefix": "bert.",
        "base": {"title": "Base", "source": "here", "licence": "CC0"},
        "experts": {"movie": {"title": "Movies", "task": "movie", "config": config}},
        "tasks": {
            "movie": {
                "title": "Movies",
                "kind": "text-classification",
                "labels": ["bad", "good"],
                "head": "movie",
                "counts": {"test": 2},
                "source": "here",
                "licence": "CC0",
            }
        },
        "files": {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.rglob("*.xz"))},
    }


def write_suite(folder: Path, body: State) -> None:
    """Write the suite "tiny" with this base."""
    base = pack_base(body, folder / "base" / "base.safetensors.xz")
    expert = {key: value + 0.1 * torch.randn_like(value) for key, value in base.items()}
    pack_delta(base, expert | {"classifier.weight": torch.ones(2, 4)}, folder / "experts" / "movie.safetensors.xz", 15)
    (folder / "base" / "config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    (folder / "base" / "vocab.txt").write_text("the\na\n")
    (folder / "suite.json").write_text(json.dumps(manifest(folder)))
