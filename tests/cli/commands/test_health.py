from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_folders import folders, recipe_for

from mergelab.cli import main


def test_merge_prints_the_verdict_and_health_every_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders(tmp_path)
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(recipe_for(tmp_path, {"name": "task_arithmetic", "scale": 3.0})))
    merged = tmp_path / "merged"
    assert main(["merge", str(recipe), "--out", str(merged)]) == 0
    told = capsys.readouterr().err
    assert "health: Unhealthy: the change is " in told
    assert "(likely cause: scale 3 with 2 experts); try scale " in told
    assert f"health: `mergelab health {merged}` shows every check, and what is wrong" in told
    assert main(["health", str(merged)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] in told
    assert lines[2].startswith("- Finite weights (fine): All ")
    assert main(["health", str(recipe), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == lines[0]
