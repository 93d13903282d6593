"""`mergelab sweep` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli.test_cli import complaint
from jobs.sweeping.small_search import recipe, task

from mergelab import cli
from mergelab.jobs.sweeping.remembered_points import RememberedPoints
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState
from mergelab.recipe import Recipe
from mergelab.runs import RunKind, RunStore

__all__ = ["recipe", "task"]


@pytest.fixture
def file(tmp_path: Path, recipe: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MERGELAB_RUNS", str(tmp_path / "runs.sqlite"))
    path = tmp_path / "moods.yml"
    path.write_text(yaml.safe_dump(recipe))
    return path


def swept(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert cli.main(["sweep", *map(str, arguments), "--device", "cpu"]) == 0
    return capsys.readouterr().out


def test_points_stand_from_the_best_to_the_worst_and_become_runs(
    file: Path, recipe: dict[str, Any], task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "best.yml"
    given = [file, "--over", "method.scale=0,0.5,1", "--task", task, "--head", recipe["base"], "--race", "none"]
    told = swept(capsys, *given, "--out", out)
    lines = told.splitlines()
    assert lines[1].startswith("*") and "method.scale" in lines[1]
    values = [float(line[3:].split()[2]) for line in lines[1:4]]
    assert values == sorted(values, reverse=True)
    assert "on validation rows, by which it was chosen, the best is" in told
    assert "on test rows the best has" in told or "the best is the recipe it started from" in told
    best = Recipe.from_file(out).method.knobs["scale"]
    assert f"method.scale {best:g}" in lines[1]
    store = RunStore.open(tmp_path / "runs.sqlite")
    runs = store.runs(kinds=[RunKind.SWEEP_POINT])
    assert [run.request.name for run in runs] == ["moods 3", "moods 2", "moods 1"]
    assert {run.request.group[:6] for run in runs} == {"sweep "} and all(
        run.result and run.result.scores for run in runs
    )
    swept(capsys, *given)
    assert len(store.runs()) == 4, "the points and the best on test rows; the same sweep again has no new ones"
    store.close()


def test_a_sweeps_file_gives_what_the_shorthand_gives(
    file: Path, recipe: dict[str, Any], task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.yml").write_text(yaml.safe_dump({"recipe": "moods.yml", "over": {"method.scale": [0.5, 1.0]}}))
    more = ["--task", task, "--head", recipe["base"], "--json", "--runs", "none"]
    by_file = json.loads(swept(capsys, tmp_path / "sweep.yml", *more))
    by_flag = json.loads(swept(capsys, file, "--over", "method.scale=0.5,1.0", *more))
    assert by_file["points"] == by_flag["points"] and len(by_file["points"]) == 2
    limited = json.loads(swept(capsys, tmp_path / "sweep.yml", *more, "--points", "1"))
    assert len(limited["points"]) == 1


def test_a_front_is_scored_on_test_rows_in_the_words_of_the_page(
    file: Path, recipe: dict[str, Any], task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [file, "--over", "method.scale=0,0.5,1", "--task", task, "--head", recipe["base"]]
    given += ["--objective", "mean", "worst"]
    told = swept(capsys, *given)
    assert " on the front: no other is better in “Mean of all tasks” and in “Worst task”." in told
    assert " on test rows (n = 33): “Mean of all tasks” " in told and ", its selection was worth " in told
    found = json.loads(swept(capsys, *given, "--json"))
    assert [each["number"] for each in found["front"]] == found["best"] and found["answers"] == 0


def test_a_sweep_that_a_person_stops_is_cancelled_and_the_same_command_resumes_it(
    file: Path, recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [file, "--over", "method.scale=0,0.5,1", "--task", task, "--head", recipe["base"], "--race", "none"]
    really = RememberedPoints.take

    def stopping(points: RememberedPoints, point: Point) -> None:
        really(points, point)
        if point.state is PointState.FINISHED:
            raise KeyboardInterrupt

    monkeypatch.setattr(RememberedPoints, "take", stopping)
    assert cli.main(["sweep", *map(str, given), "--device", "cpu"]) == 130
    told = capsys.readouterr().err
    assert "mergelab: the sweep was cancelled after 1 of at most 3 recipes; what was answered is kept" in told
    monkeypatch.setattr(RememberedPoints, "take", really)
    resumed = json.loads(swept(capsys, *given, "--json", "--resume"))
    rows, asked = sum(score[3] for score in resumed["test"].values()), resumed["points"][0]["n"]
    assert resumed["answers"] <= 2 * asked + 2 * rows, (
        "the first had answered; the best and the start are asked test rows"
    )


def test_a_sweep_that_nothing_remembers_cannot_be_resumed_and_one_that_is_remembered_says_how_much(
    file: Path, recipe: dict[str, Any], task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [file, "--over", "method.scale=0.5,1", "--task", task, "--head", recipe["base"], "--device", "cpu"]
    assert "there is nothing to resume" in complaint(capsys, "sweep", *given, "--resume")
    assert cli.main(["sweep", *map(str, given)]) == 0 and "runs remember" not in capsys.readouterr().err
    assert cli.main(["sweep", *map(str, given), "--resume"]) == 0
    assert "note: runs remember 2 of this sweep's merges" in capsys.readouterr().err
    assert "there is nothing to resume" in complaint(capsys, "sweep", *given, "--resume", "--runs", "none")


def test_mistakes_are_told_before_anything_is_merged(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "has no knob 'scal'" in complaint(capsys, "sweep", file, "--over", "method.scal=[0,1]")
    assert "names method.scale twice" in complaint(
        capsys, "sweep", file, "--over", "method.scale=[0,1]", "--over", "method.scale=[1,2]"
    )
    assert "a sweep has no field" in complaint(capsys, "sweep", file)
    assert "several objectives give a front" in complaint(
        capsys, "sweep", file, "--over", "method.scale=[0,1]", "--objective", "mean", "worst", "--out", file
    )
    assert "exists and is not overwritten" in complaint(
        capsys, "sweep", file, "--over", "method.scale=[0,1]", "--out", file
    )
    assert "give --backend ray as well" in complaint(
        capsys, "sweep", file, "--over", "method.scale=[0,1]", "--address", "10.0.0.1:6379"
    )
    assert complaint(
        capsys, "sweep", file, "--over", "method.scale=[0,1]", "--backend", "ray", "--address", "ray://10.0.0.1:10001"
    ).startswith("ray://10.0.0.1:10001 is no address of a Ray head;")
