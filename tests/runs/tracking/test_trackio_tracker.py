"""trackio's own client writes to a folder."""

from __future__ import annotations

from dataclasses import replace

import pytest
from runs.samples import remembered

from mergelab.runs import RunState
from mergelab.runs.tracking.logged_run import logged_run
from mergelab.runs.tracking.trackio_tracker import TrackioTracker


@pytest.mark.filterwarnings("ignore:trackio failed to flush")
def test_a_run_that_trackio_does_not_keep_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    from trackio.sqlite_storage import SQLiteStorage

    def full(*given: object, **named: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(SQLiteStorage, "bulk_log", full)
    with pytest.raises((RuntimeError, ValueError)):
        TrackioTracker("full-disk").log(replace(logged_run(remembered(7)), recipe=""))


def test_runs_stand_in_the_project_with_settings_scores_and_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    tracker = TrackioTracker("two-runs")
    tracker.log(logged_run(remembered(7)))
    tracker.log(logged_run(replace(remembered(8), state=RunState.FAILED, result=None, error="no memory")))
    assert capsys.readouterr().out == "", "standard output is the command's own"

    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    first, failed = sorted(trackio.Api().runs("two-runs"), key=lambda run: run.config["mergelab.run"])
    assert (first.name, first.config["method.density"], first.config["mergelab.digest"]) == (
        "TIES of two",
        "0.2",
        "ab12",
    )
    assert (failed.config["mergelab.state"], failed.config["mergelab.error"]) == ("failed", "no memory")
    (step,) = SQLiteStorage.get_logs("two-runs", first.name, run_id=first.id)
    assert (step["mergelab.run"], step["validation/movie"], step["validation/movie/n"]) == (7, 0.75, 12)
