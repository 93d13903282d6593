from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from ui.fake_worker import FakeWorker, form, last

from mergelab.jobs import Refused
from mergelab.runs import RunKind, RunLogger, RunState, RunStore
from mergelab.runs.tracking import run_logger
from mergelab.runs.tracking.logged_run import LoggedRun
from mergelab.ui.form.form import KnobPlace
from mergelab.ui.session.job_cache import JobCache
from mergelab.ui.session.remembering.run_memory import RunMemory
from mergelab.ui.session.server import Lab
from mergelab.ui.session.session import Session

DENSITY = KnobPlace("method", "ties", "density")


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[RunMemory]:
    opened = RunMemory(str(tmp_path / "runs.sqlite"))
    yield opened
    opened.close()


def store_of(memory: RunMemory) -> RunStore:
    store = memory.store()
    assert store, memory.problem
    return store


def session_with(memory: RunMemory, worker: FakeWorker) -> Session:
    cache = JobCache(lambda: worker, start_reader=lambda: worker, run_memory=memory)  # type: ignore[arg-type,return-value]
    return Lab(job_cache=cache).session("visitor")


def test_a_merge_is_remembered_with_its_scores_and_the_shown_run_has_its_number(memory: RunMemory) -> None:
    session = session_with(memory, FakeWorker())
    last(session.merge(form(knobs={DENSITY: 0.3})))
    run = store_of(memory).get(1)
    assert (run.state, run.request.split, run.request.device) == (RunState.DONE, "validation", "cpu")
    assert run.request.name == "TIES · density 0.3"
    assert run.request.kind is RunKind.MERGE  # the tiny models have no task sets
    assert run.request.group == "visit 5f14f9e6"
    assert run.result and [score.value for score in run.result.scores] == [0.8]
    known = session.merge_service.known_run(form(knobs={DENSITY: 0.3}))
    assert known and known.number == 1


def test_a_merge_of_the_page_is_logged_to_the_trackers_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged = []

    class Tracker:
        def log(self, run: LoggedRun) -> None:
            logged.append((run.number, run.name, run.metrics["validation/task-a"]))

    monkeypatch.setitem(run_logger.TRACKERS, "mlflow", lambda place: Tracker())
    memory = RunMemory(str(tmp_path / "runs.sqlite"), RunLogger(["mlflow:here"], print))
    last(session_with(memory, FakeWorker()).merge(form(knobs={DENSITY: 0.3})))
    memory.close()
    assert logged == [(1, "TIES · density 0.3", 0.8)]


def test_what_is_known_already_is_not_merged_and_not_remembered_again(memory: RunMemory) -> None:
    session = session_with(memory, FakeWorker())
    last(session.merge(form()))
    last(session.merge(form()))
    assert [run.id for run in store_of(memory).runs()] == [1]


def test_a_merge_that_is_refused_is_remembered_with_the_reason(memory: RunMemory) -> None:
    session = session_with(memory, FakeWorker(merge=lambda: [Refused("the shapes differ")]))
    last(session.merge(form()))
    run = store_of(memory).get(1)
    assert (run.state, run.error) == (RunState.FAILED, "the shapes differ")


def test_a_stopped_merge_is_cancelled_but_a_live_one_that_a_knob_ended_leaves_nothing(memory: RunMemory) -> None:
    session = session_with(memory, FakeWorker(merge=lambda: [Event()]))
    list(session.preview(form()))
    updates = session.merge(form())
    while not session.stopper.press():
        next(updates)
    last(updates)
    assert [run.state for run in store_of(memory).runs()] == [RunState.CANCELLED]
    session.merge_service.resume()
    for _ in session.live(form(knobs={DENSITY: 0.5})):
        session.live_stopper.press()
    assert len(store_of(memory).runs()) == 1


def test_where_no_place_can_be_opened_the_page_goes_on_and_says_why(tmp_path: Path) -> None:
    memory = RunMemory(str(tmp_path))
    last(session_with(memory, FakeWorker()).merge(form()))
    assert memory.store() is None
    assert memory.problem.startswith("Runs are not remembered: ")


def test_without_a_place_nothing_is_remembered() -> None:
    memory = RunMemory()
    last(session_with(memory, FakeWorker()).merge(form()))
    assert memory.store() is None
    assert memory.problem == "The server was started with --runs none, so it remembers no runs."
