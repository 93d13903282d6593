"""Runs are logged beside the work, and a tracker that fails harms nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from runs.samples import REQUEST, RESULT

from mergelab.runs import RunLogger, RunsError, RunStore
from mergelab.runs.tracking import run_logger
from mergelab.runs.tracking.logged_run import LoggedRun


class Listed:
    """A tracker that keeps what it is told, and fails while `problem` says so."""

    def __init__(self, problem: str = "") -> None:
        self.problem, self.logged = problem, list[LoggedRun]()

    def log(self, run: LoggedRun) -> None:
        if self.problem:
            raise ConnectionError(self.problem)
        self.logged.append(run)


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Listed], None]:
    def use(tracker: Listed) -> None:
        monkeypatch.setitem(run_logger.TRACKERS, "mlflow", lambda place: tracker)

    return use


def test_every_run_that_ends_is_logged_with_its_state(tmp_path: Path, tracked: Callable[[Listed], None]) -> None:
    tracked(tracker := Listed())
    told = list[str]()
    store = RunStore.open(tmp_path / "runs.sqlite", RunLogger(["mlflow:here"], told.append))
    for end in (lambda n: store.finish(n, RESULT), lambda n: store.fail(n, "no memory"), store.cancel):
        end(store.add(REQUEST))
    store.close()
    assert [(run.number, run.state.value) for run in tracker.logged] == [(1, "done"), (2, "failed"), (3, "cancelled")]
    assert told == []


def test_a_failing_tracker_costs_one_note_and_no_run(tmp_path: Path, tracked: Callable[[Listed], None]) -> None:
    tracked(tracker := Listed("no route to http://me:secret@host"))
    told = list[str]()
    store = RunStore.open(tmp_path / "runs.sqlite", RunLogger(["mlflow:http://me:secret@host"], told.append))
    store.finish(store.add(REQUEST), RESULT)
    store.finish(store.add(REQUEST), RESULT)
    store.finish(store.add(REQUEST), RESULT)
    assert [run.state.value for run in store.runs()] == ["done"] * 3
    store.close()
    assert told == [
        "run 1 was not logged to mlflow:http://me:***@host, but is remembered: no route to http://me:***@host",
        "nor were these logged to mlflow:http://me:***@host: 2, 3",
    ]
    assert tracker.logged == []


def test_a_tracker_is_tried_again_after_a_pause(
    tmp_path: Path, tracked: Callable[[Listed], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_logger, "PAUSE", 0.0)
    tracked(tracker := Listed("away"))
    logger = RunLogger(["mlflow:here"], lambda sentence: setattr(tracker, "problem", ""))
    store = RunStore.open(tmp_path / "runs.sqlite", logger)
    for _ in range(2):
        store.finish(store.add(REQUEST), RESULT)
    store.close()
    assert [run.number for run in tracker.logged] == [2]


@pytest.mark.parametrize("target", ["wandb:project", "trackio", "mlflow:"])
def test_other_places_are_refused_with_those_that_there_are(target: str) -> None:
    with pytest.raises(RunsError, match="trackio:PROJECT or mlflow:TRACKING_URI, not to"):
        RunLogger([target], print)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_logger, "find_spec", lambda name: None)
    with pytest.raises(RunsError, match=r"logging to trackio needs its package: pip install 'mergelab\[tracking\]'"):
        RunLogger(["trackio:mine"], print)
