"""Long work as generators that yield progress, can be closed at any yield, and return a result."""

from __future__ import annotations

import typing
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class JobPlace:
    """Where in a job of several steps a report comes from: step `number` of `count`, counted from 1, is called `title`.
    `share` of the whole job is done, from 0 to 1; it never falls."""

    title: str
    number: int
    count: int
    share: float


@dataclass(frozen=True)
class Progress:
    """`done` of `total` units of `stage` are finished; `detail` names the current one (a tensor, a task). `total` is 0 if
    nothing is counted. `unit` is what is counted, in the plural. `place` is None outside jobs of several steps."""

    stage: str
    done: int
    total: int
    detail: str = ""
    unit: str = "tensors"
    place: JobPlace | None = None


@dataclass(frozen=True)
class Partial:
    """What is known of a result before the work ends; work that has such results yields them among its `Progress`."""

    result: Any


ProgressGen = Generator[Progress, None, T]
"""Yields `Progress` at least once per tensor or batch, so that it stops quickly, and returns a `T`."""
PartialGen = Generator[Progress | Partial, None, T]
"""The same for work that also yields what it knows of its result so far."""


def rows_per_second(rate: float) -> str:
    """`120 rows/s`, and `3.4 rows/s` below ten."""
    return f"{rate:,.0f} rows/s" if rate >= 10 else f"{rate:.1f} rows/s"


def map_progress(steps: Generator[S, None, T], tell: Callable[[S], R | None]) -> Generator[R, None, T]:
    """The same work with the same result; yields `tell(step)` for each step, except where that is None."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return typing.cast(T, end.value)
            told = tell(step)
            if told is not None:
                yield told


def finish(steps: PartialGen[T], on_progress: Callable[[Progress], object] | None = None) -> T:
    """Run `steps` to the end and return its result; `on_progress` is called with each `Progress`."""
    while True:
        try:
            report = next(steps)
        except StopIteration as end:
            return typing.cast(T, end.value)
        if on_progress and isinstance(report, Progress):
            on_progress(report)
