"""`--track` logs what `--runs` remembers."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.test_cli import complaint, write_recipe
from tiny_folders import folders, recipe_for

from mergelab import cli
from mergelab.runs import RunStore


def test_a_merge_is_remembered_and_logged_under_the_same_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders(tmp_path)
    recipe = write_recipe(tmp_path / "mine.yml", recipe_for(tmp_path, {"name": "ties", "density": 0.3}))
    places = ["--runs", str(tmp_path / "runs.sqlite"), "--track", "trackio:one-merge"]
    assert cli.main(["merge", str(recipe), "--out", str(tmp_path / "out"), "--device", "cpu", *places]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "out")]

    import trackio

    (logged,) = trackio.Api().runs("one-merge")
    (run,) = RunStore.open(tmp_path / "runs.sqlite").runs()
    assert (logged.name, logged.config["mergelab.run"], logged.config["method.density"]) == ("mine", str(run.id), "0.3")


def test_what_is_not_remembered_cannot_be_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders(tmp_path)
    recipe = write_recipe(tmp_path / "mine.yml", recipe_for(tmp_path))
    asked = ["merge", recipe, "--out", tmp_path / "out", "--runs", "none", "--track", "trackio:mine"]
    assert "--runs none remembers none" in complaint(capsys, *map(str, asked))
    assert not (tmp_path / "out").exists()


def test_a_tracker_that_there_is_not_is_refused_before_the_merge(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders(tmp_path)
    recipe = write_recipe(tmp_path / "mine.yml", recipe_for(tmp_path))
    asked = ["merge", recipe, "--out", tmp_path / "out", "--track", "wandb:mine"]
    assert "trackio:PROJECT or mlflow:TRACKING_URI" in complaint(capsys, *map(str, asked))
    assert not (tmp_path / "out").exists()
