"""A stack is written like any merged folder, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import stacked_models as tiny
import torch
from safetensors.torch import load_file

from mergelab.checkpoints import CheckpointError, verify_folder
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish


def test_a_number_that_the_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    a = tiny.llama(0)
    a.get_submodule("lm_head").weight.data[0, 0] = 1e6
    first = tiny.saved(a, tmp_path / "a")
    recipe = {"base": first, "method": "stack", "slices": [{"model": first, "layers": [0, 1]}], "dtype": "float16"}
    with pytest.raises(
        ValueError, match=r"lm_head.weight of the stack holds 1 values that are NaN or infinite: choose a"
    ):
        tiny.stacked(recipe, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_stack_is_written_in_shards_with_the_same_bits_each_time(tmp_path: Path) -> None:
    first = tiny.saved(tiny.llama(0), tmp_path / "a")
    recipe = {"base": first, "method": "stack", "slices": [{"model": first, "layers": [0, 3]}] * 2}
    whole = finish(workbench.save(recipe, str(tmp_path / "whole"), device="cpu"))
    parts = finish(workbench.save(recipe, str(tmp_path / "parts"), device="cpu", shard_bytes=9000, archive=True))
    assert parts.endswith("parts.zip") and len(list((tmp_path / "parts").glob("*.safetensors"))) > 2
    found = {
        key: value for file in (tmp_path / "parts").glob("*.safetensors") for key, value in load_file(file).items()
    }
    expected = load_file(Path(whole) / "model.safetensors")
    assert found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in found)
    assert json.loads((tmp_path / "parts" / "manifest.json").read_text())["notes"] == []
    verify_folder(tmp_path / "parts")


def test_models_outside_of_the_models_folder_are_not_opened(tmp_path: Path) -> None:
    first = tiny.saved(tiny.llama(0), tmp_path / "a")
    (tmp_path / "models").mkdir()
    recipe = {"base": first, "method": "stack", "slices": [{"model": first, "layers": [0, 3]}]}
    with pytest.raises(CheckpointError, match="is outside the models folder"):
        finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu", models_dir=str(tmp_path / "models")))
