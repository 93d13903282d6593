"""The steps of a job: where in the whole job a report of one step comes from."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from mergelab.runtime.job_steps import JobStep, JobSteps
from mergelab.runtime.progress import Partial, Progress, ProgressGen

READING, MERGING = JobStep("reading", 1), JobStep("merging", 3)


def work(*reports: Progress) -> ProgressGen[str]:
    yield from reports
    return "done"


def shares(step: JobStep, *reports: Progress, stages: int = 1) -> list[float]:
    told = JobSteps(READING, MERGING).take(step, work(*reports), stages)
    return [report.place.share for report in told if report.place]


def test_a_report_has_the_share_of_all_steps_by_their_weights() -> None:
    assert shares(READING, Progress("Reading", 1, 2), Progress("Reading", 2, 2)) == [0, 0.125, 0.25]
    assert shares(MERGING, Progress("Merging", 1, 2), Progress("Merging", 2, 2)) == [0.25, 0.625, 1]


def test_the_first_report_names_the_step_before_its_work_begins() -> None:
    first = next(JobSteps(READING, MERGING).take(MERGING, work()))
    assert first.place is not None
    assert (first.place.title, first.place.number, first.place.count, first.total) == ("merging", 2, 2, 0)


def test_work_that_counts_from_0_again_never_goes_back() -> None:
    twice = [Progress("Pass", done, 2) for done in (1, 2, 1, 2)]
    assert shares(READING, *twice, stages=2) == [0, 0.0625, 0.125, 0.1875, 0.25]
    assert shares(READING, *twice) == [0, 0.125, 0.25, 0.25, 0.25]


def test_an_unexpected_count_of_nothing_leaves_the_share_where_it_is() -> None:
    assert shares(READING, Progress("Reading", 1, 2), Progress("Reading", 0, 0)) == [0, 0.125, 0.25]


def test_partial_results_and_the_result_pass_unchanged() -> None:
    def scoring() -> Generator[Progress | Partial, None, str]:
        yield Partial("so far")
        return "done"

    steps = JobSteps(READING).take(READING, scoring())
    assert [next(steps), next(steps)][1] == Partial("so far")
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == "done"


def test_a_job_knows_whether_it_takes_a_step() -> None:
    assert READING in JobSteps(READING) and MERGING not in JobSteps(READING)
