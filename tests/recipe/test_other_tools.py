from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.cli import main
from mergelab.recipe import Recipe, RecipeError

CONFIG = "merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\n"


@pytest.mark.parametrize("text", [CONFIG, f"name: one\n{CONFIG}---\n{CONFIG}", '{"merge_method": "slerp"}'])
@pytest.mark.parametrize("command", ["merge", "inspect", "export", "evaluate"])
def test_a_mergekit_config_is_known_and_the_next_step_is_told(
    tmp_path: Path, text: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.yml"
    path.write_text(text)
    out = ["--out", str(tmp_path / "out")] if command == "merge" else []
    assert main([command, str(path), *out]) == 1
    told = f"this is a mergekit config, not a recipe; make a recipe of it first: mergelab import {path} > recipe.yml"
    assert capsys.readouterr().err.strip() == f"mergelab: {told}"


def test_a_mapping_of_mergekit_is_known_too() -> None:
    with pytest.raises(RecipeError, match="this is a mergekit config"):
        Recipe.from_mapping({"merge_method": "ties", "models": ["a"]})
