"""`mergelab runs`, on runs that `merge` and `evaluate` have left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from cli.test_cli import complaint, write_recipe
from safetensors.torch import load_file, save_file
from tiny_folders import folders, recipe_for

from mergelab import cli
from mergelab.runs import RunKind, RunRequest, RunStore


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    found = str(tmp_path / "runs.sqlite")
    monkeypatch.setenv("MERGELAB_RUNS", found)
    return found


@pytest.fixture
def merged(tmp_path: Path, place: str) -> None:
    """Two merges of the same models, runs 1 and 2."""
    folders(tmp_path)
    for density in (0.3, 0.6):
        recipe = write_recipe(tmp_path / f"d{density}.yml", recipe_for(tmp_path, {"name": "ties", "density": density}))
        assert cli.main(["merge", str(recipe), "--out", str(tmp_path / f"out{density}"), "--device", "cpu"]) == 0


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command prints."""
    capsys.readouterr()
    assert cli.main(["runs", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_merges_are_listed_with_what_differs(merged: None, capsys: pytest.CaptureFixture[str]) -> None:
    head, newest, oldest = told(capsys, "list").splitlines()
    assert head.split()[:5] == ["run", "name", "state", "method.density", "seconds"]
    assert newest.split()[:4] == ["2", "d0.6", "done", "0.6"] and oldest.split()[:4] == ["1", "d0.3", "done", "0.3"]
    assert "method " in told(capsys, "list", "--all-columns").splitlines()[0]


def test_a_run_is_shown_with_recipe_hashes_and_notes(
    merged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run,) = yaml.safe_load(told(capsys, "show", 1))
    assert run["request"]["recipe"]["method"] == {"name": "ties", "density": 0.3, **run["request"]["recipe"]["method"]}
    assert set(run["result"]["inputs"]) == {str(tmp_path / name) for name in ("base", "a", "b")}
    assert len(run["result"]["weights"]) == 64 and run["result"]["peak_bytes"] > 0


def test_the_same_recipe_gives_the_same_weights_again(merged: None, capsys: pytest.CaptureFixture[str]) -> None:
    (run,) = yaml.safe_load(told(capsys, "show", 1))
    assert told(capsys, "reproduce", 1, "--device", "cpu").strip() == (
        f"the weights are those of run 1: {run['result']['weights']}"
    )


def test_a_changed_model_is_named_when_the_weights_differ(
    merged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "a/model.safetensors"
    save_file({key: value + 1 for key, value in load_file(weights).items()}, weights)
    with pytest.raises(SystemExit) as left:
        cli.main(["runs", "reproduce", "1", "--device", "cpu"])
    assert left.value.code == 1
    assert f"as in run 1: {tmp_path / 'a'} has other tensors" in capsys.readouterr().out


def test_a_run_without_a_recipe_cannot_be_merged_again(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = RunStore.open(place)
    store.fail(store.add(RunRequest(RunKind.EVALUATION, "movie")), "no rows")
    store.close()
    assert (
        complaint(capsys, "runs", "reproduce", "1") == "run 1 scored movie as it is, so there is nothing to merge again"
    )


def test_marks_are_kept_and_the_archive_is_listed_alone(merged: None, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "mark", 1, "--star", "--note", "sharp", "--tags", "paper")
    told(capsys, "mark", 2, "--archive")
    (row,) = json.loads(told(capsys, "list", "--json"))
    assert (row["run"], row["starred"], row["note"], row["tags"]) == (1, True, "sharp", "paper")
    assert [row["run"] for row in json.loads(told(capsys, "list", "--json", "--archived"))] == [2]
    told(capsys, "mark", 1, "--no-star")
    assert told(capsys, "list", "--starred") == ""


def test_comparing_names_settings_that_differ(merged: None, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "compare", 1, 2)
    assert "method.density" in text.splitlines()[0]
    assert "runs 1 and 2 have no task in common that both scored on one split" in text
    assert complaint(capsys, "runs", "compare", "1", "1") == "compare needs at least two different runs"


def test_exports_follow_the_files_ending(merged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "export", "--out", tmp_path / "runs.yml")
    assert [run["id"] for run in yaml.safe_load((tmp_path / "runs.yml").read_text())] == [2, 1]
    told(capsys, "export", 2, "--out", tmp_path / "runs.csv")
    assert (tmp_path / "runs.csv").read_text().splitlines()[1].startswith("2,d0.6,done")


def test_pruning_spares_stars_and_needs_a_choice(merged: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert "say which runs to forget" in complaint(capsys, "runs", "prune")
    told(capsys, "mark", 1, "--star")
    assert told(capsys, "prune", "--failed") == "forgot 0 of 0 runs\n"
    assert told(capsys, "prune", 1, 2) == "forgot 1 of 1 runs\n"
    assert [row["run"] for row in json.loads(told(capsys, "list", "--json"))] == [1]


def test_a_failed_merge_is_remembered_with_its_reason(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folders(tmp_path)
    recipe = write_recipe(tmp_path / "bad.yml", recipe_for(tmp_path, {"name": "ties"}) | {"models": ["nosuch"]})
    assert cli.main(["merge", str(recipe), "--out", str(tmp_path / "out")]) == 1
    (row,) = json.loads(told(capsys, "list", "--json"))
    assert row["state"] == "failed" and "nosuch" in row["error"]


def test_nothing_is_remembered_if_one_says_so(tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    folders(tmp_path)
    recipe = write_recipe(tmp_path / "r.yml", recipe_for(tmp_path, {"name": "ties"}))
    assert cli.main(["merge", str(recipe), "--out", str(tmp_path / "out"), "--runs", "none"]) == 0
    assert "there are no runs yet" not in capsys.readouterr().err
    capsys.readouterr()
    assert cli.main(["runs", "list"]) == 0
    assert "there are no runs yet" in capsys.readouterr().err


def test_a_merge_goes_on_where_the_default_place_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MERGELAB_RUNS", str(tmp_path / "file" / "runs.sqlite"))
    folders(tmp_path)
    recipe = write_recipe(tmp_path / "r.yml", recipe_for(tmp_path, {"name": "ties"}))
    assert cli.main(["merge", str(recipe), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err.count("note: this run is not remembered: ") == 1
    assert cli.main(["merge", str(recipe), "--out", str(tmp_path / "two"), "--runs", str(tmp_path / "file/x")]) == 1
