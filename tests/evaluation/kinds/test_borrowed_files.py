"""Adapters answer with their base's tokenizer if they bring none."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from checkpoints.adapters import write_adapter
from tiny_task_models import text_model

from mergelab.checkpoints import Checkpoint, open_checkpoint
from mergelab.evaluation.kinds.encode import files_folder
from mergelab.evaluation.kinds.tokenizing import tokenizer_of


def adapter(tmp_path: Path) -> Checkpoint:
    """A change of one layer of a tiny BERT, without a tokenizer."""
    base = open_checkpoint(str(text_model(tmp_path / "base", None)))
    query = "encoder.layer.0.attention.self.query"
    tensors = {f"{query}.lora_A.weight": torch.ones(2, 16), f"{query}.lora_B.weight": torch.ones(16, 2)}
    return open_checkpoint(str(write_adapter(tmp_path / "adapter", tensors, target_modules=["query"])), base=base)


def test_an_adapter_without_a_tokenizer_borrows_its_bases(tmp_path: Path) -> None:
    found = adapter(tmp_path)
    assert files_folder(found) == tmp_path / "base"
    assert tokenizer_of(found)("a good film").input_ids == tokenizer_of(found.base)("a good film").input_ids  # type: ignore[attr-defined]


def test_an_adapter_that_brings_a_tokenizer_uses_it(tmp_path: Path) -> None:
    found = adapter(tmp_path)
    for path in (tmp_path / "base").glob("tokenizer*"):
        shutil.copyfile(path, tmp_path / "adapter" / path.name)
    assert files_folder(found) == tmp_path / "adapter"


def test_a_model_without_a_tokenizer_does_not_look_elsewhere(tmp_path: Path) -> None:
    model = open_checkpoint(str(text_model(tmp_path / "model", None)))
    for path in (tmp_path / "model").glob("*tokenizer*"):
        path.unlink()
    assert files_folder(model) == tmp_path / "model"
