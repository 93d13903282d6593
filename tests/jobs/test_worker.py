"""The worker process, for real: it is spawned, followed, refused, stopped, suspended and killed."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_folders import folders, recipe_for, slow

from mergelab.analysis.sketch import Sketch
from mergelab.jobs import Crashed, Finished, Job, JobError, Queued, Refused, Stopped, Worker
from mergelab.runtime.progress import Progress


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(threads=1) as started:
        yield started


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("quick")
    folders(root)
    return recipe_for(root, "ties")


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return slow(tmp_path_factory.mktemp("slow"))


def until_under_way(job: Job) -> Progress:
    """Follow a job to its first progress."""
    return next(event for event in job.events() if isinstance(event, Progress))


def end_of(job: Job) -> Any:
    return list(job.events())[-1]


def test_a_job_is_queued_reports_progress_and_finishes_with_its_result(worker: Worker, quick: dict[str, Any]) -> None:
    events = list(worker.submit("sketch", recipe=quick, device="cpu").events())
    assert events[0] == Queued(0)
    assert len(events) > 2 and all(isinstance(event, Progress) for event in events[1:-1])
    assert isinstance(events[-1], Finished) and isinstance(events[-1].result, Sketch)


def test_a_result_is_handed_over_with_progress_on_the_way(
    worker: Worker, quick: dict[str, Any], tmp_path: Path
) -> None:
    reported: list[Progress] = []
    job = worker.submit("save", recipe=quick, out=str(tmp_path / "out"), device="cpu")
    assert job.result(reported.append) == str(tmp_path / "out") and (tmp_path / "out" / "model.safetensors").exists()
    assert all(0 <= step.done <= step.total for step in reported)


def test_bad_input_is_refused_with_the_library_s_own_sentence(worker: Worker, quick: dict[str, Any]) -> None:
    wrong = {**quick, "method": {"name": "ties", "density": 1.4}}
    assert end_of(worker.submit("sketch", recipe=wrong)) == Refused("density of ties must be in [0, 1], got 1.4")
    with pytest.raises(JobError, match="unknown method 'tise'"):
        worker.submit("sketch", recipe={**quick, "method": "tise"}).result()


def test_a_failure_inside_a_job_leaves_the_worker_alive(worker: Worker, quick: dict[str, Any]) -> None:
    worker.submit("sketch", recipe=quick).result()
    before = worker.pid
    end = end_of(worker.submit("no_such_function", recipe=quick))
    assert isinstance(end, Crashed) and "AttributeError" in end.sentence and "Traceback" in end.detail
    assert end.public == "unexpected AttributeError"
    worker.submit("sketch", recipe=quick).result()
    assert worker.pid == before


def test_arguments_that_cannot_be_sent_are_told_to_the_caller(worker: Worker, quick: dict[str, Any]) -> None:
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
        worker.submit("sketch", recipe=lambda: None)
    assert next(worker.submit("sketch", recipe=quick).events()) == Queued(0)


def test_an_interrupt_at_the_terminal_does_not_end_the_worker(worker: Worker, quick: dict[str, Any]) -> None:
    worker.submit("sketch", recipe=quick).result()
    assert worker.pid
    os.kill(worker.pid, signal.SIGINT)
    before = worker.pid
    worker.submit("sketch", recipe=quick).result()
    assert worker.pid == before


def test_a_stop_ends_a_job_at_its_next_step_and_keeps_the_process(
    worker: Worker, quick: dict[str, Any], long: dict[str, Any], tmp_path: Path
) -> None:
    job = worker.submit("save", recipe=long, out=str(tmp_path / "out"), device="cpu")
    until_under_way(job)
    before = worker.pid
    job.stop(grace=60)  # it is not killed for a busy machine
    assert end_of(job) == Stopped()
    assert list(tmp_path.iterdir()) == [], "nothing half-written is left behind"
    worker.submit("sketch", recipe=quick).result()
    assert worker.pid == before
    with pytest.raises(JobError, match="the job was stopped"):
        stopped = worker.submit("sketch", recipe=long, device="cpu")
        stopped.stop()
        stopped.result()


def test_jobs_run_in_the_order_of_their_submission_and_know_how_many_are_ahead(
    worker: Worker, quick: dict[str, Any], long: dict[str, Any], tmp_path: Path
) -> None:
    first = worker.submit("save", recipe=long, out=str(tmp_path / "first"), device="cpu")
    until_under_way(first)
    second = worker.submit("save", recipe=quick, out=str(tmp_path / "second"), device="cpu")
    third = worker.submit("save", recipe=quick, out=str(tmp_path / "third"), device="cpu")
    fourth = worker.submit("save", recipe=quick, out=str(tmp_path / "third"), device="cpu")
    third.stop()
    assert list(third.events()) == [Queued(2), Stopped()], "a job that waits is stopped at once"
    assert first.ended is None
    first.stop()
    assert next(second.events()) == Queued(1) and next(fourth.events()) == Queued(3)
    assert isinstance(end_of(fourth), Finished), "the job that was stopped has not made the folder"
    assert isinstance(second.ended, Finished), "the second ended before the fourth"
    assert end_of(worker.submit("save", recipe=quick, out=str(tmp_path / "third"))).sentence.endswith(
        "third exists and is not overwritten; choose another name or move it away"
    )


def test_a_killed_process_is_a_crash_with_advice_and_the_next_job_works(
    worker: Worker, quick: dict[str, Any], long: dict[str, Any]
) -> None:
    job = worker.submit("sketch", recipe=long, device="cpu")
    until_under_way(job)
    before = worker.pid
    assert before
    os.kill(before, signal.SIGKILL)
    end = end_of(job)
    assert isinstance(end, Crashed) and end.sentence == (
        "The worker process was killed, most likely out of memory. Untick experts or choose a smaller model, then try again."
    )
    worker.submit("sketch", recipe=quick).result()
    assert worker.pid not in (None, before)


def test_work_that_does_not_answer_is_killed_after_its_grace(
    worker: Worker, quick: dict[str, Any], long: dict[str, Any]
) -> None:
    job = worker.submit("sketch", recipe=long, device="cpu")
    until_under_way(job)
    before = worker.pid
    assert before
    os.kill(before, signal.SIGSTOP)
    started = time.monotonic()
    job.stop(grace=0.3)
    assert end_of(job) == Stopped() and time.monotonic() - started >= 0.3
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    worker.submit("sketch", recipe=quick).result()


def test_closing_a_worker_that_never_worked_is_harmless() -> None:
    worker = Worker()
    worker.close()
    assert worker.pid is None


def test_the_worker_goes_when_the_page_dies(long: dict[str, Any]) -> None:
    page = f"""
        import os
        from mergelab.jobs import Worker
        from mergelab.runtime.progress import Progress
        worker = Worker(threads=1)
        job = worker.submit("sketch", recipe={long!r}, device="cpu")
        next(event for event in job.events() if isinstance(event, Progress))
        print(worker.pid, flush=True)
        os._exit(0)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(page)], stdout=subprocess.PIPE, text=True, check=True)
    pid, deadline = int(done.stdout), time.monotonic() + 60
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_closing_stops_the_running_and_the_waiting_and_ends_the_process(worker: Worker, long: dict[str, Any]) -> None:
    """The last test of the shared worker."""
    running = worker.submit("sketch", recipe=long, device="cpu")
    until_under_way(running)
    waiting = worker.submit("sketch", recipe=long, device="cpu")
    before = worker.pid
    worker.close()
    assert worker.pid is None
    assert (end_of(running), end_of(waiting)) == (Stopped(), Stopped())
    with pytest.raises(ProcessLookupError):
        os.kill(before or 0, 0)
    assert end_of(worker.submit("sketch", recipe=long)) == Stopped()
