"""A LoRA adapter of a merge is packed, and nothing of the merged model is left behind."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from tiny_task_models import text_model

from mergelab.jobs.adapter_job import save_adapter
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import finish


def test_an_adapter_of_full_rank_says_what_the_merge_changed(tmp_path: Path) -> None:
    base, expert = (text_model(tmp_path / name, None, seed=seed) for seed, name in enumerate(("base", "expert")))
    recipe = {"base": str(base), "models": [str(expert)], "method": {"name": "task_arithmetic", "scale": 0.5}}
    made = finish(save_adapter(recipe, str(tmp_path / "out" / "lora"), 64))
    assert made.error < 0.1
    assert all("bias" in reason for reason in made.left_out.values()), "of full rank, it has every matrix"
    assert Path(made.path) == tmp_path / "out" / "lora.zip"
    assert {"lora/adapter_config.json", "lora/adapter_model.safetensors"} <= set(zipfile.ZipFile(made.path).namelist())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["lora", "lora.zip"]


def test_a_base_that_nobody_has_is_refused() -> None:
    inner = {"base": "/b", "models": ["/a"], "method": "average"}
    with pytest.raises(RecipeError, match="is itself the merge of a recipe"):
        finish(save_adapter({"base": {"recipe": inner}, "models": ["/c"], "method": "average"}, "/out/lora", 4))
    with pytest.raises(RecipeError, match="is missing"):
        finish(save_adapter({"models": ["/c"], "method": "average"}, "/out/lora", 4))
