"""The status strip: stages, elapsed and remaining time, problems."""

from __future__ import annotations

from mergelab.jobs import Queued
from mergelab.runtime.progress import Progress
from mergelab.ui.session.status import Stopwatch, crash, refusal


class Clock:
    time = 100.0

    def __call__(self) -> float:
        return self.time


def test_progress_tells_stage_count_elapsed_and_what_is_left_of_the_step() -> None:
    clock = Clock()
    watch = Stopwatch("Merging", now=clock)
    watch.status(Progress("Reading", 1, 2))
    clock.time += 3
    watch.status(Progress("Merging", 0, 10))
    clock.time += 4
    status = watch.status(Progress("Merging", 4, 10))
    assert (status.text, status.detail, status.fraction) == (
        "Merging",
        "Merging 4 of 10 · 7.0 s · about 6.0 s left in this step",
        0.4,
    )


def test_no_remaining_time_is_promised_from_less_than_a_second() -> None:
    clock = Clock()
    watch = Stopwatch("Merging", now=clock)
    clock.time += 0.5
    assert "left" not in watch.status(Progress("Merging", 4, 10)).detail


def test_the_next_task_of_a_stage_starts_a_clock_of_its_own_and_is_named() -> None:
    clock = Clock()
    watch = Stopwatch("Scoring", now=clock)
    watch.status(Progress("Scoring", 4, 4, "Spam"))
    clock.time += 60
    watch.status(Progress("Scoring", 0, 4, "Movies"))
    clock.time += 2
    assert (
        watch.status(Progress("Scoring", 2, 4, "Movies")).detail
        == "Scoring Movies 2 of 4 · 1 min 02 s · about 2.0 s left in this step"
    )


def test_a_silent_second_still_moves_the_clock() -> None:
    clock = Clock()
    watch = Stopwatch("Merging", now=clock)
    watch.status(Progress("Merging", 4, 10))
    clock.time += 2
    assert watch.status().detail.startswith("Merging 4 of 10 · 2.0 s")


def test_a_queued_job_tells_how_many_are_ahead() -> None:
    watch = Stopwatch("Merging", now=Clock())
    assert watch.status(Queued(2)).text == "Waiting for 2 jobs ahead"
    assert watch.status(Queued(0)).kind == "running"


def test_every_line_of_a_refusal_is_a_problem() -> None:
    status = refusal("first\n\nsecond")
    assert (status.kind, status.problems, status.text) == ("error", ("first", "second"), "2 problems to solve first")


def test_a_crash_keeps_its_trace_for_a_bug_report() -> None:
    assert crash("it broke", "Traceback …").trace == "Traceback …"
