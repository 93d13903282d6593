from __future__ import annotations

import time
from typing import Any, cast

import pytest

from mergelab.jobs import Crashed, Event, Finished, Job, Stopped, Worker
from mergelab.ui.session.queueing import spare_time
from mergelab.ui.session.queueing.spare_time import SpareJob, SpareTime


class Slow:
    """A worker whose jobs end when a test says so, or when they are stopped."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def submit(self, function: str, /, **arguments: Any) -> Job:
        self.jobs.append(Job(function, arguments, 0))
        return self.jobs[-1]

    def end(self, event: Event) -> None:
        self.jobs[-1].report(event)

    def begun(self, count: int) -> list[str]:
        """The functions of all jobs, once so many have begun."""
        deadline = time.monotonic() + 10
        while len(self.jobs) < count and time.monotonic() < deadline:
            time.sleep(0.001)
        return [job.function for job in self.jobs]


def spare(*functions: str) -> tuple[SpareTime, Slow, list[Any]]:
    worker, kept = Slow(), list[Any]()
    made = SpareTime(lambda: cast(Worker, worker))
    for function in functions:
        made.add(SpareJob(function, {}, kept.append))
    return made, worker, kept


def test_spare_jobs_run_one_after_the_other_and_their_results_are_kept() -> None:
    _, worker, kept = spare("first", "second")
    assert worker.begun(1) == ["first"]
    worker.end(Finished(1))
    assert worker.begun(2) == ["first", "second"]
    assert kept == [1]


def test_a_spare_job_stops_while_somebody_waits_and_begins_again() -> None:
    made, worker, kept = spare("read")
    with made.interrupted():
        assert isinstance(worker.jobs[0].ended, Stopped)
        assert worker.begun(1) == ["read"]
    assert worker.begun(2) == ["read", "read"]
    worker.end(Finished("sketch"))
    while not kept:
        time.sleep(0.001)
    assert kept == ["sketch"]


def test_a_spare_job_begins_again_only_after_a_moment_in_which_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_time, "QUIET", 0.05)
    made, worker, _ = spare("read")
    with made.interrupted():
        pass
    left = time.monotonic()
    assert worker.begun(1) == ["read"]
    assert worker.begun(2) == ["read", "read"]
    assert time.monotonic() >= left + 0.05


def test_a_job_that_is_added_in_such_a_moment_begins_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_time, "QUIET", 0.05)
    made, worker, _ = spare()
    with made.interrupted():
        pass
    made.add(SpareJob("late", {}, print))
    assert worker.jobs == []
    assert worker.begun(1) == ["late"]


def test_a_spare_job_that_failed_is_not_tried_again() -> None:
    _, worker, kept = spare("bad", "good")
    worker.end(Crashed("no"))
    assert worker.begun(2) == ["bad", "good"] and kept == []


def test_after_the_end_no_spare_job_begins() -> None:
    made, worker, _ = spare()
    made.close()
    made.add(SpareJob("late", {}, print))
    assert worker.jobs == []
