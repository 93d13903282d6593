"""The status strip: stages, elapsed and remaining time, problems."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from mergelab.jobs import Queued
from mergelab.runtime.progress import JobPlace, Progress
from mergelab.ui.messages import Status
from mergelab.ui.session.status import Stopwatch, UnderWay, crash, refusal
from mergelab.ui.session.update import Update


class Clock:
    time = 100.0

    def __call__(self) -> float:
        return self.time


def at(number: int, share: float, done: int = 1, total: int = 1, **fields: Any) -> Progress:
    """A report from a job of four steps, of which the second ranks and the third scores."""
    title = ("reading the models", "ranking changes", "scoring", "counting conflicts")[number - 1]
    return Progress("Inner stage", done, total, place=JobPlace(title, number, 4, share), **fields)


def steps_of(name: str, count: int) -> Generator[Update, None, None]:
    """Work that reports its progress `count` times, and then that it is done."""
    for number in range(count):
        yield Update(status=Status("running", f"{name} {number}"))
    yield Update(status=Status("ready", f"{name} is done"))


def told(step: Update) -> str:
    return step.status.text if step.status else ""


def test_of_several_works_the_one_that_began_last_has_the_strip_until_it_ends() -> None:
    under_way = UnderWay()
    first, second = under_way.through(steps_of("sweep", 3)), under_way.through(steps_of("merge", 2))
    assert told(next(first)) == "sweep 0" and told(next(second)) == "merge 0"
    assert told(next(first)) == "", "the line would change from one work to the other and back"
    assert [told(step) for step in second] == ["merge 1", "merge is done"]
    assert told(next(first)) == "sweep 2" and under_way
    assert [told(step) for step in first] == ["sweep is done"] and not under_way


def test_progress_tells_the_step_the_count_the_elapsed_time_and_what_is_left_of_the_whole_work() -> None:
    clock = Clock()
    watch = Stopwatch("Merging and scoring", now=clock)
    watch.status(at(1, 0.0))
    clock.time += 3
    watch.status(at(2, 0.1, 1, 103))
    clock.time += 3
    status = watch.status(at(2, 0.25, 34, 103, detail="encoder.layer.0.weight"))
    assert (status.text, status.detail, status.fraction) == (
        "Merging and scoring",
        "Step 2 of 4: ranking changes · 34 of 103 tensors · 6.0 s · about 18 s left",
        0.25,
    )


def test_scoring_counts_tasks_and_rows_and_reading_counts_bytes() -> None:
    watch = Stopwatch("Work", now=Clock())
    scoring = watch.status(at(3, 0.5, 1200, 2800, detail="3 of 7 tasks", unit="rows"))
    assert scoring.detail == "Step 3 of 4: scoring · 3 of 7 tasks · 1,200 of 2,800 rows · 0.0 s"
    reading = watch.status(at(1, 0.5, 210_000_000, 540_000_000, detail="minilm/movie", unit="bytes"))
    assert reading.detail == "Step 1 of 4: reading the models · 210 of 540 MB · 0.0 s"


def test_an_estimate_that_has_run_out_is_dropped_until_the_next_step() -> None:
    clock = Clock()
    watch = Stopwatch("Merging", now=clock)
    watch.status(at(2, 0.0))
    clock.time += 8
    assert watch.status(at(2, 0.8)).detail.endswith("8.0 s · about 2.0 s left")
    clock.time += 1
    assert watch.status().detail.endswith("9.0 s · about 1.0 s left")
    clock.time += 2
    assert watch.status().detail.endswith("11 s")
    assert watch.status(at(2, 0.81)).detail.endswith("11 s"), "this step has proved slower than it seemed"
    clock.time += 1
    assert watch.status(at(3, 0.9)).detail.endswith("12 s · about 1.3 s left")


def test_no_remaining_time_is_promised_from_less_than_a_second_or_a_tenth_of_the_work() -> None:
    clock = Clock()
    watch = Stopwatch("Merging", now=clock)
    clock.time += 0.5
    assert "left" not in watch.status(at(2, 0.4)).detail
    clock.time += 10
    assert "left" not in Stopwatch("Merging", now=clock).status(at(2, 0.09)).detail


def test_a_status_is_due_twice_a_second_at_first_and_later_once() -> None:
    clock = Clock()
    watch = Stopwatch("Merging", now=clock)
    found = []
    for _ in range(40):
        found.append(watch.due())
        clock.time += 0.125
    assert found[:6] == [True, False, False, False, True, False]
    assert sum(found[:16]) == 4 and sum(found[16:]) == 3


def test_nothing_is_counted_at_0_of_1() -> None:
    status = Stopwatch("Starting", now=Clock()).status(Progress("Starting", 0, 1))
    assert (status.detail, status.fraction) == ("Starting · 0.0 s", None)


def test_outside_a_job_of_steps_the_remaining_time_is_that_of_the_stage() -> None:
    clock = Clock()
    watch = Stopwatch("Scoring", now=clock)
    watch.status(Progress("Scoring", 4, 4, "Spam", "rows"))
    clock.time += 60
    watch.status(Progress("Scoring", 0, 4, "Movies", "rows"))
    clock.time += 2
    told = watch.status(Progress("Scoring", 2, 4, "Movies", "rows")).detail
    assert told == "Scoring · Movies · 2 of 4 rows · 1 min 02 s · about 2.0 s left in this step, 1.0 rows/s"


def test_the_remaining_time_of_a_job_is_at_least_that_of_the_rows_that_are_left() -> None:
    clock = Clock()
    watch = Stopwatch("Merging and scoring", now=clock)
    watch.status(at(2, 0.0))
    clock.time += 2
    watch.status(at(3, 0.05, 0, 400, unit="rows"))
    clock.time += 10
    told = watch.status(at(3, 0.3, 100, 400, unit="rows")).detail
    assert told.endswith("12 s · about 30 s left, 10 rows/s"), "40 s for the whole job would leave 28 s"


def test_a_second_pass_that_is_slower_than_the_first_says_so_once_it_has_a_pace() -> None:
    clock = Clock()
    watch = Stopwatch("Reading the models", now=clock)
    watch.status(at(2, 0.5, 1, 100, unit="tensors"))
    clock.time += 4
    watch.status(at(2, 0.75, 100, 100, unit="tensors"))
    watch.status(at(2, 0.75, 1, 100, unit="tensors"))
    clock.time += 4
    told = watch.status(at(2, 0.8, 21, 100, unit="tensors")).detail
    assert told.endswith("8.0 s · about 16 s left"), "79 tensors at 5 per second; 8 s for 80 % would leave 2 s"


def test_rows_that_were_known_before_promise_no_pace() -> None:
    clock = Clock()
    watch = Stopwatch("Merging and scoring", now=clock)
    watch.status(at(2, 0.0))
    clock.time += 4
    assert watch.status(at(3, 0.6, 300, 400, unit="rows")).detail.endswith("300 of 400 rows · 4.0 s")
    clock.time += 10
    assert "about 90 s left" in watch.status(at(3, 0.62, 310, 400, unit="rows")).detail.replace("1 min 30 s", "90 s")


def test_a_silent_second_still_moves_the_clock() -> None:
    clock = Clock()
    watch = Stopwatch("Merging", now=clock)
    watch.status(Progress("Merging", 4, 10))
    clock.time += 2
    assert watch.status().detail.startswith("Merging · 4 of 10 tensors · 2.0 s")


def test_a_queued_job_tells_how_many_are_ahead() -> None:
    watch = Stopwatch("Merging", now=Clock())
    assert watch.status(Queued(2)).text == "Waiting for 2 jobs ahead"
    assert watch.status(Queued(0)).kind == "running"


def test_every_line_of_a_refusal_is_a_problem() -> None:
    status = refusal("first\n\nsecond")
    assert (status.kind, status.problems, status.text) == ("error", ("first", "second"), "2 problems to solve first")


def test_a_crash_keeps_its_trace_for_a_bug_report() -> None:
    status = crash("it broke", "Traceback …", "The merge failed")
    assert (status.text, status.problems, status.trace) == ("The merge failed", ("it broke",), "Traceback …")
