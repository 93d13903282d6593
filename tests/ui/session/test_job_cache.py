"""What visitors share: results are computed once, a stop is noticed at once, nothing is kept for ever."""

from __future__ import annotations

import itertools
import threading

import pytest
from ui.fake_worker import FakeWorker

from mergelab.jobs import Crashed, Finished, Refused, Stopped
from mergelab.runtime.progress import Partial, Progress
from mergelab.ui.messages import Status
from mergelab.ui.session.job_cache import LRU, CrashError, JobCache, RefusalError, Stopper, StopPressedError
from mergelab.ui.session.status import Stopwatch


def drained(steps):  # type: ignore[no-untyped-def]
    statuses = []
    while True:
        try:
            statuses.append(next(steps))
        except StopIteration as end:
            return statuses, end.value


def job_cache(*script: object) -> tuple[JobCache, FakeWorker]:
    worker = FakeWorker(work=lambda: list(script))
    return JobCache(lambda: worker), worker  # type: ignore[arg-type,return-value]


def test_the_least_recently_used_value_goes_first() -> None:
    kept: LRU[str, int] = LRU(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("b"), kept.get("a"), kept.get("c")) == (None, 1, 3)


def test_work_reports_progress_and_returns_its_result() -> None:
    gate = threading.Event()
    lab, _ = job_cache(Progress("Merging", 1, 2), gate, Finished(42))
    steps = lab.follow(Stopwatch("Work"), Stopper(), "work")
    assert any(status.fraction == 0.5 for status in itertools.islice(steps, 3))
    gate.set()
    assert drained(steps)[1] == 42


def test_a_status_that_comes_too_soon_after_another_is_left_out_and_the_next_one_tells_it() -> None:
    gate, between = threading.Event(), Partial("some")
    script = [Progress("Merging", 0, 3), between, Progress("Merging", 1, 3), between, Progress("Merging", 2, 3)]
    lab, _ = job_cache(*script, gate, Finished(42))
    steps = lab.follow_in_parts(Stopwatch("Work"), Stopper(), "work")
    told = list(itertools.takewhile(lambda step: not isinstance(step, Status) or step.fraction != 2 / 3, steps))
    gate.set()
    assert drained(steps)[1] == 42
    assert told.count(between) == 2
    assert len(told) < 2 + 3, "not one status for each report"


def test_a_result_on_the_shelf_is_not_computed_again() -> None:
    lab, worker = job_cache(Finished(42))
    kept: LRU[str, int] = LRU(2)
    for _ in range(2):
        assert drained(lab.once(kept, "key", Stopwatch("Work"), Stopper(), "work"))[1] == 42
    assert len(worker.calls) == 1


def test_the_same_work_asked_for_at_once_is_done_once() -> None:
    gate = threading.Event()
    lab, worker = job_cache(gate, Finished(42))
    kept: LRU[str, int] = LRU(2)
    results: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: results.append(drained(lab.once(kept, "key", Stopwatch("Work"), Stopper(), "work"))[1])
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(10)
    assert results == [42, 42, 42]
    assert len(worker.calls) == 1


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (Refused("no such folder"), RefusalError),
        (Crashed("it broke", "trace"), CrashError),
        (Stopped(), StopPressedError),
    ],
)
def test_each_way_to_end_is_told_apart(end: object, error: type[Exception]) -> None:
    lab, _ = job_cache(end)
    with pytest.raises(error):
        drained(lab.follow(Stopwatch("Work"), Stopper(), "work"))


def test_stop_ends_waiting_work_and_its_job() -> None:
    lab, worker = job_cache(threading.Event(), Finished(42))
    stopper = Stopper()
    steps = lab.follow(Stopwatch("Work"), stopper, "work")
    next(steps)
    assert stopper.press()
    with pytest.raises(StopPressedError):
        drained(steps)
    assert worker.jobs[0].stopped.is_set()
    assert not stopper.press()


def test_closing_the_work_as_a_closed_page_does_stops_its_job() -> None:
    lab, worker = job_cache(threading.Event(), Finished(42))
    steps = lab.follow(Stopwatch("Work"), Stopper(), "work")
    next(steps)
    steps.close()
    assert worker.jobs[0].stopped.is_set()


def test_the_worker_starts_at_the_first_job_and_ends_with_the_shelf() -> None:
    lab, worker = job_cache(Finished(1))
    lab.close()
    assert not worker.closed
    drained(lab.follow(Stopwatch("Work"), Stopper(), "work"))
    lab.close()
    assert worker.closed
