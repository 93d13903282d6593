"""Remembers a job as a run while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TypeVar

from mergelab.runs import RunRequest, RunResult, RunStore

T = TypeVar("T")
Y = TypeVar("Y")


def recorded(
    store: RunStore,
    request: RunRequest,
    job: Generator[Y, None, T],
    found: Callable[[T], RunResult],
    stops: tuple[type[BaseException], ...] = (),
) -> Generator[Y, None, tuple[int, T]]:
    """Go through with `job`, and keep what `found` makes of its result; returns the run's number with the result.

    The wall time is added. A job that raises is remembered with its message as failed, one that is closed, interrupted by the
    keyboard or ended by one of `stops` as cancelled. What was returned is on disk.
    """
    number, began = store.add(request), time.monotonic()
    store.start(number)
    try:
        result = yield from job
        kept = replace(found(result), seconds=time.monotonic() - began)
    except BaseException as error:
        if isinstance(error, (GeneratorExit, KeyboardInterrupt, *stops)):
            store.cancel(number)
        else:
            store.fail(number, str(error) or type(error).__name__)
        raise
    store.finish(number, kept)
    return number, result
