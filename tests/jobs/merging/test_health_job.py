"""A recipe and a folder that was merged from it are examined alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from health_subjects import check_of
from safetensors.torch import load_file, save_file
from tiny_folders import folders, recipe_for

from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

LAYER = "encoder.layer.1.output.dense.weight"


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    folders(tmp_path)
    return Path(finish(workbench.save(recipe_for(tmp_path), str(tmp_path / "merged"), "cpu")))


def test_a_folder_is_compared_with_the_models_of_its_recipe(tmp_path: Path, merged: Path) -> None:
    of_folder = finish(workbench.health(str(merged), device="cpu"))
    of_recipe = finish(workbench.health(recipe=recipe_for(tmp_path), device="cpu"))
    assert of_folder == of_recipe
    assert of_folder.healthy
    assert json.loads((merged / "manifest.json").read_text())["health"]["verdict"] == of_folder.verdict


def test_a_layer_that_was_scaled_by_ten_after_the_merge_is_named(merged: Path) -> None:
    state = load_file(merged / "model.safetensors")
    save_file({**state, LAYER: 10 * state[LAYER]}, merged / "model.safetensors", metadata={"format": "pt"})
    health = finish(workbench.health(str(merged), device="cpu"))
    assert check_of(health, "layer_size").findings[0].where == "layer 1"
    assert "(likely cause: Average with 2 experts cannot make a change as long as this)" in health.verdict


def test_a_folder_whose_models_are_gone_says_so(merged: Path) -> None:
    for path in (merged.parent / "a").iterdir():
        path.unlink()
    check = check_of(finish(workbench.health(str(merged), device="cpu")), "layer_change")
    assert check.state == "unmeasured"
    assert check.summary.startswith("Not measured: the models of its recipe.yml cannot be opened (")


def test_a_model_without_a_recipe_has_only_its_own_numbers_and_files(tmp_path: Path) -> None:
    folders(tmp_path)
    health = finish(workbench.health(str(tmp_path / "base"), device="cpu"))
    assert [check.state for check in health.checks] == ["fine", "unmeasured", "unmeasured", "unmeasured"]
    assert check_of(health, "layer_change").summary == (
        "Not measured: there is no recipe.yml that says which models it was made from."
    )
