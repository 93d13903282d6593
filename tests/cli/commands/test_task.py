"""Own task sets as a person uses them: with the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from own_tasks import experts_with_tables, recipe_of_experts
from repository import ROOT

from mergelab import cli


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return experts_with_tables(tmp_path_factory.mktemp("models"))


def run(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "mergelab.cli", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


def test_a_recipe_of_own_models_is_scored_and_calibrated_on_own_files(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = {**recipe_of_experts(root, "regmean"), "base": "base", "models": ["moods", "topics"]}
    (root / "r.yml").write_text(yaml.safe_dump(recipe))
    files = ("--task", "moods.csv", "--task", "topics=topics.csv")
    scored = run("evaluate", "r.yml", *files, "--json", folder=root)
    assert scored.returncode == 0, scored.stderr
    assert [score["task"] for score in json.loads(scored.stdout)] == ["moods", "topics"]
    monkeypatch.chdir(root)  # the same command in this process, which has imported what it needs
    assert cli.main(["merge", "r.yml", *files, "--out", "out"]) == 0
    assert capsys.readouterr().out == "out\n"
    assert cli.main(["merge", "r.yml", "--out", "two"]) == 1
    assert "with --task on the command line (--task moods=FILE)" in capsys.readouterr().err


def test_check_says_what_a_task_set_is(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["task", "check", str(root / "moods.csv"), "--head", str(root / "moods")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "moods",
        "  kind         text-classification",
        "  columns      text, label",
        "  labels       bad, good, fine",
        f"  head         {root / 'moods'}",
    ]
    assert any(line.startswith("  validation   ") and "bad " in line for line in lines)


def test_check_tells_every_problem_by_line_and_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label,split\na,x,train\na,y,test\nb\nc,x,nowhere\n")
    assert cli.main(["task", "check", str(path)]) == 1
    told = capsys.readouterr()
    assert "  1 question is in both calibration and test; scores on them are too good" in told.out
    assert (
        "there are no validation rows, so no knob can be chosen by scores, and `mergelab evaluate` needs --split test"
        in told.out
    )
    assert told.err.splitlines() == [
        f"mergelab: {path}, line 4: 1 cells, but the header has 3; quote texts that hold the separator",
        f"{path}, line 5: unknown split 'nowhere'; known: calibration, validation, test, train, training, dev, val, valid",
    ]
    assert cli.main(["task", "check", str(path), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert len(report["problems"]) == 2 and report["rows"] == {"calibration": 1, "validation": 0, "test": 1}
    assert report["duplicates"] == {"calibration and test": 1}
    assert cli.main(["task", "check", str(tmp_path / "absent")]) == 1
    assert "there is no task set" in capsys.readouterr().err


def test_show_prints_rows_as_the_model_sees_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,label,split\n"two\nlines",x,test\nb,y,test\nc,y,dev\n')
    assert cli.main(["task", "show", str(path), "--split", "test", "--rows", "1"]) == 0
    assert capsys.readouterr().out == f"{path}, line 2\ntwo\nlines\n→ x\n"
    assert cli.main(["task", "show", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"place": f"{path}, line 5", "asked": "c", "answer": "y"}]
    assert cli.main(["task", "show", str(path), "--split", "calibration"]) == 1
    assert "a has no calibration rows; choose another split" in capsys.readouterr().err
