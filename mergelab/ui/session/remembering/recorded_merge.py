"""Remembers merges of the page and of calls as runs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from math import isfinite
from typing import TypeVar

from mergelab.jobs.workbench import Run
from mergelab.runs import RunRequest, RunResult
from mergelab.ui.session.job_cache import StopPressedError
from mergelab.ui.session.remembering.run_memory import RunMemory

Y = TypeVar("Y")


def recorded_merge(
    memory: RunMemory, request: Callable[[], RunRequest], job: Generator[Y, None, Run], only_done: bool = False
) -> Generator[Y, None, Run]:
    """Go through with a merge, which then knows its number.

    A merge that fails or is stopped is remembered too, unless `only_done`.
    """
    if only_done:
        run = yield from job
        return replace(run, number=memory.added(request, _result(run)))
    number, run = yield from memory.recorded(request, job, _result, (StopPressedError,))
    return replace(run, number=number)


def _result(run: Run) -> RunResult:
    figures = {number.name: number.value for number in run.preview.numbers if isfinite(number.value)}
    health, notes = run.health.verdict if run.health else "", (tuple(run.notes), tuple(run.scores))
    return RunResult(run.weights, run.inputs, run.seconds, run.peak_bytes, figures, health, *notes)
