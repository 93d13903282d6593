from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mergelab.checkpoints import CheckpointError, MergedFolder, in_memory, verify_folder


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    model = in_memory("m", {"w": torch.ones(3)}, {"model_type": "bert"})
    with MergedFolder(tmp_path / "out", model, model.specs) as folder:
        folder.write("w", torch.ones(3))
        folder.add_text("recipe.yml", "method: ties\n")
    return tmp_path / "out"


def flip(folder: Path) -> None:
    path = folder / "model.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (flip, "model.safetensors was changed"),
        (lambda folder: (folder / "recipe.yml").unlink(), "recipe.yml is missing"),
        (lambda folder: (folder / "extra.py").touch(), "extra.py is not in the manifest"),
        (lambda folder: (folder / "manifest.json").unlink(), "has no manifest.json"),
        (lambda folder: (folder / "manifest.json").write_text('{"files": []}'), "has no manifest.json with a list"),
    ],
)
def test_any_change_to_a_merged_folder_is_found(merged: Path, harm: Callable[[Path], None], fault: str) -> None:
    verify_folder(merged)
    harm(merged)
    with pytest.raises(CheckpointError, match=fault):
        verify_folder(merged)


def test_all_changes_are_listed_together(merged: Path) -> None:
    flip(merged)
    (merged / "recipe.yml").unlink()
    with pytest.raises(CheckpointError, match=r"recipe.yml is missing; model.safetensors was changed"):
        verify_folder(merged)


def test_the_manifest_names_version_sizes_and_hashes(merged: Path) -> None:
    manifest = json.loads((merged / "manifest.json").read_text())
    assert sorted(manifest["files"]) == ["config.json", "model.safetensors", "recipe.yml"]
    assert manifest["files"]["recipe.yml"]["bytes"] == 13
    assert len(manifest["files"]["recipe.yml"]["sha256"]) == 64
    assert manifest["made_by"]["mergelab"]
