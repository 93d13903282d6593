"""The program that the page gives away runs as it stands and does what the page did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tiny_folders import folders, recipe_for

from mergelab.checkpoints import list_suites
from mergelab.jobs.workbench import save
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish
from mergelab.ui.form.texts.program import program_of


def executed(recipe: Recipe) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(program_of(recipe), "program.py", "exec"), names)
    return names


@pytest.mark.parametrize("method", ["average", {"name": "ties", "density": 0.35}, "karcher", "emr"])
@pytest.mark.parametrize("sparsify", [None, {"name": "dare", "density": 0.5}])
def test_the_program_merges_to_the_bits_of_the_page(tmp_path: Path, method: Any, sparsify: Any) -> None:
    folders(tmp_path, count=3)
    recipe = Recipe.from_mapping(recipe_for(tmp_path, method, sparsify=sparsify, seed=3))
    finish(save(recipe.to_mapping(), str(tmp_path / "out")))
    merged, expected = executed(recipe)["merged"], load_file(tmp_path / "out" / "model.safetensors")
    assert merged.keys() == expected.keys()
    assert all(torch.equal(merged[key], expected[key]) for key in expected)


def test_the_programs_lines_fit_a_screen(tmp_path: Path) -> None:
    recipe = Recipe.from_mapping({"base": "pixels", "models": ["pixels/mnist", "pixels/fashion"], "method": "ties"})
    assert max(len(line) for line in program_of(recipe).splitlines()) <= 88


@pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")
@pytest.mark.parametrize("method", ["ties", {"name": "fisher", "estimate": "sketched"}])
def test_the_program_of_a_suites_recipe_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Any) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = Recipe.from_mapping({"base": "pixels", "models": ["pixels/mnist", "pixels/fashion"], "method": method})
    names = executed(recipe)
    assert "merged" in names or (tmp_path / "merged" / "model.safetensors").is_file()
