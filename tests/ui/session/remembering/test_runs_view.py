from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from ui.fake_worker import answers

from mergelab.evaluation.scores import Score
from mergelab.recipe import Recipe
from mergelab.runs import RunKind, RunRequest, RunResult, RunStore
from mergelab.ui.messages import RunFileRequest, RunList, RunMark, RunNumbers, RunsRequest
from mergelab.ui.session.remembering.run_memory import RunMemory
from mergelab.ui.session.remembering.runs_view import RunsView
from mergelab.ui.session.update import Update

VISIT = "visit 1"
ALL = RunsRequest(archived=False, x="", y="")


def recipe(density: float) -> Recipe:
    return Recipe.from_mapping({"base": "b", "models": ["a"], "method": {"name": "ties", "density": density}})


def add(
    store: RunStore, density: float, right: int, group: str = VISIT, n: int = 100, kind: RunKind = RunKind.EVALUATION
) -> int:
    """A run that answered this many of 100 rows rightly, by a score that says `n` rows."""
    asked, found = recipe(density), answers(right)
    number = store.add(RunRequest(kind, f"TIES {density}", asked.to_mapping(), asked.digest(), "cpu", "test", group))
    score = Score("movie", "test", "accuracy", right / 100, n, 0.0, 1.0, found)
    store.finish(number, RunResult(weights="w", scores=(score,)))
    return number


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    opened = RunStore.open(tmp_path / "runs.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def view(tmp_path: Path, store: RunStore) -> Iterator[RunsView]:
    memory = RunMemory(str(tmp_path / "runs.sqlite"))
    yield RunsView(memory, VISIT)
    memory.close()


def listed(update: Update) -> RunList:
    assert update.runs
    return update.runs


def test_the_newest_run_comes_first_with_the_columns_in_which_runs_differ(store: RunStore, view: RunsView) -> None:
    add(store, 0.2, 70, "another visit")
    add(store, 0.5, 80)
    found = listed(view.show(ALL))
    assert [(row.number, row.name, row.here) for row in found.rows] == [(2, "TIES 0.5", True), (1, "TIES 0.2", False)]
    assert [(c.title, c.is_number, c.is_score) for c in found.columns] == [
        ("movie (test)", True, True),
        ("Density", True, False),
    ]
    assert [row.cells["movie (test)"].text for row in found.rows] == ["80.0 %", "70.0 %"]
    assert (found.rows[0].cells["movie (test)"].beside, found.models) == ("0–100, n = 100", ())
    assert Recipe.from_yaml(found.rows[0].recipe) == recipe(0.5)


def test_the_chart_has_a_dot_per_run_over_the_first_number_that_differs(store: RunStore, view: RunsView) -> None:
    for density, right in ((0.2, 70), (0.5, 80), (0.8, 60)):
        add(store, density, right)
    chart = listed(view.show(ALL)).chart
    assert (chart.x, chart.y) == ("method.density", "movie (test)")
    assert chart.figure and chart.figure.data[-1]["x"] == [0.2, 0.5, 0.8]
    assert chart.figure.data[-1]["customdata"] == [1, 2, 3]
    assert chart.summary == "3 runs. The best: run 2 at 0.5."


def test_the_best_is_among_runs_on_the_same_rows_and_none_that_left_a_race(store: RunStore, view: RunsView) -> None:
    for density, right, n in ((0.2, 95, 20), (0.3, 95, 20), (0.4, 95, 20), (0.5, 80, 100), (0.8, 60, 100)):
        add(store, density, right, "sweep 1", n, RunKind.SWEEP_POINT)
    chart = listed(view.show(ALL)).chart
    assert chart.summary == "5 runs. The best of the 2 runs on the same rows, movie (test), 100 rows: run 4 at 0.5."


def test_runs_of_other_models_are_listed_by_choice_and_those_of_the_newest_run_at_first(
    store: RunStore, view: RunsView
) -> None:
    add(store, 0.2, 70)
    other = Recipe.from_mapping({"base": "own/base", "models": ["x"], "method": "average"})
    store.finish(store.add(RunRequest(RunKind.MERGE, "other", other.to_mapping())), RunResult())
    found = listed(view.show(ALL))
    assert [(each.name, each.title) for each in found.models] == [
        ("own/base", "base (1 run)"),
        ("b", "b (1 run)"),
        ("*", "all models (2 runs)"),
    ]
    assert (found.chosen, [row.number for row in found.rows]) == ("own/base", [2])
    assert [row.number for row in listed(view.show(RunsRequest(False, "", "", "b"))).rows] == [1]
    both = listed(view.show(RunsRequest(False, "", "", "*")))
    assert [(row.number, row.models) for row in both.rows] == [(2, "base"), (1, "b")]
    assert [column.name for column in both.columns][-4:] == ["expert x", "weight of x", "expert a", "weight of a"]


def test_runs_that_differ_in_no_number_have_no_chart_and_it_says_why(store: RunStore, view: RunsView) -> None:
    add(store, 0.2, 70)
    chart = listed(view.show(ALL)).chart
    assert chart.figure is None
    assert chart.summary == "The chart needs runs with scores that differ in a setting."


def test_what_a_person_says_about_a_run_is_kept(store: RunStore, view: RunsView) -> None:
    number = add(store, 0.2, 70)
    said = RunMark(number, starred=True, archived=None, note="good", tags=["keep"])
    row = listed(view.mark(said)).rows[0]
    assert (row.starred, row.archived, row.note, row.tags) == (True, False, "good", ["keep"])
    assert listed(view.mark(RunMark(number, None, archived=True, note=None, tags=None))).rows == []
    assert [each.number for each in listed(view.show(RunsRequest(archived=True, x="", y=""))).rows] == [number]
    assert store.get(number).starred


def test_runs_are_compared_with_the_first_on_the_rows_that_both_answered(store: RunStore, view: RunsView) -> None:
    one, other = add(store, 0.2, 70), add(store, 0.5, 90)
    found = listed(view.compare(RunNumbers([one, other]))).comparison
    assert found and found.number == one
    assert found.others[0].settings == [["Density", "0.2", "0.5"]]
    (task,) = found.others[0].tasks
    assert (task.title, task.one, task.other) == ("movie (test)", "70.0 %", "90.0 %")
    assert task.difference and task.difference.text == "+20.0"
    assert listed(view.compare(RunNumbers([one]))).comparison is None


def test_overrides_are_told_in_words_and_a_model_that_was_scored_as_it_is_has_no_settings(
    store: RunStore, view: RunsView
) -> None:
    one = add(store, 0.2, 70)
    varied = Recipe.from_mapping({**recipe(0.2).to_mapping(), "overrides": [{"match": "mlp", "density": [0.1, 0.9]}]})
    other = store.add(RunRequest(RunKind.MERGE, "varied", varied.to_mapping(), varied.digest()))
    store.finish(other, RunResult())
    store.finish(store.add(RunRequest(RunKind.EVALUATION, "a model")), RunResult())
    rows = {row.number: row for row in listed(view.show(RunsRequest(False, "", "", "*"))).rows}
    assert rows[other].cells["overrides"].text == "density 0.1 → 0.9 in “mlp”"
    assert rows[3].recipe == ""
    comparison = listed(view.compare(RunNumbers([one, other]))).comparison
    assert comparison and ["Per layer", "–", "density 0.1 → 0.9 in “mlp”"] in comparison.others[0].settings


def test_runs_are_written_to_a_file_in_the_asked_form(store: RunStore, view: RunsView) -> None:
    add(store, 0.2, 70)
    add(store, 0.5, 80)
    file = view.write(RunFileRequest([2], "csv")).run_file
    assert file and file.name == "runs.csv"
    lines = base64.b64decode(file.content).decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["run", "2"]


def test_a_run_that_is_not_there_is_named_as_the_problem(view: RunsView) -> None:
    found = listed(view.mark(RunMark(7, starred=True, archived=None, note=None, tags=None)))
    assert found.problem == "there is no run 7; mergelab runs list shows those that there are"


def test_without_a_store_the_list_says_why_it_is_empty() -> None:
    found = listed(RunsView(RunMemory(), VISIT).show(ALL))
    assert found.rows == []
    assert found.problem == "The server was started with --runs none, so it remembers no runs."
