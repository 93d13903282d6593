"""A run as trackers know it: settings, metrics with their rows, tags, recipe."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from runs.samples import REQUEST, RESULT, remembered

from mergelab.runs import RunKind, RunRequest, RunState
from mergelab.runs.tracking.logged_run import logged_run


def test_a_run_has_its_settings_scores_with_rows_tags_and_recipe() -> None:
    logged = logged_run(remembered(7))
    assert (logged.number, logged.name, logged.group, logged.state) == (7, "TIES of two", "session 1", RunState.DONE)
    assert logged.settings["method.density"] == "0.2" and logged.settings["weight of a"] == "1.0"
    assert {name: value for name, value in logged.metrics.items() if name.startswith("validation/movie")} == {
        "validation/movie": 0.75,
        "validation/movie/n": 12,
        "validation/movie/low": 0.5,
        "validation/movie/high": 0.9,
    }
    assert (logged.metrics["conflicting"], logged.metrics["seconds"]) == (0.25, 1.5)
    assert logged.tags == {
        "mergelab.run": "7",
        "mergelab.state": "done",
        "mergelab.kind": "merge",
        "mergelab.digest": "ab12",
        "mergelab.device": "cpu",
        "mergelab.group": "session 1",
        "mergelab.version": "0.1.0",
        "mergelab.weights": "9f",
        "mergelab.health": "healthy",
    }
    assert "density: 0.2" in logged.recipe


def test_the_mean_of_several_shares_is_a_metric() -> None:
    movie, _ = RESULT.scores
    run = replace(remembered(7), result=replace(RESULT, scores=(movie, replace(movie, task="book", value=0.25))))
    logged = logged_run(run)
    assert (logged.metrics["validation/mean"], logged.metrics["validation/mean/n"]) == (0.5, 24)


def test_numbers_without_end_are_no_metrics() -> None:
    run = replace(remembered(7), result=replace(RESULT, figures={"norm": inf}))
    assert "norm" not in logged_run(run).metrics


def test_a_run_that_failed_has_its_message_and_no_metrics() -> None:
    run = replace(remembered(7), state=RunState.FAILED, result=None, error="no memory")
    logged = logged_run(run)
    assert (logged.metrics, logged.tags["mergelab.error"]) == ({}, "no memory")


def test_a_model_that_was_scored_as_it_is_has_no_recipe() -> None:
    run = replace(remembered(7), request=RunRequest(RunKind.EVALUATION, "movie"))
    assert (logged_run(run).settings, logged_run(run).recipe) == ({}, "")


def test_a_recipe_of_another_version_is_logged_as_it_was_given() -> None:
    given = {"method": {"name": "gone", "knob": 1}}
    logged = logged_run(replace(remembered(7), request=replace(REQUEST, recipe=given)))
    assert logged.recipe == "method:\n  name: gone\n  knob: 1\n" and logged.settings["method.knob"] == "1"
