"""The shape of long work: a generator that yields progress, can be closed at any yield, and returns its result."""

from __future__ import annotations

import typing
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps of `stage` are finished; `detail` names the step at hand (a tensor, a task)."""

    stage: str
    done: int
    total: int
    detail: str = ""


ProgressGen = Generator[Progress, None, T]
"""Yields `Progress` at least once a tensor or batch, so that stopping is quick, and returns a `T`."""


def map_progress(steps: Generator[S, None, T], tell: Callable[[S], R | None]) -> Generator[R, None, T]:
    """The same work, with the same result and end: yields what `tell` makes of each step, nothing where that is None."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return typing.cast(T, end.value)
            told = tell(step)
            if told is not None:
                yield told


def finish(steps: ProgressGen[T], on_progress: Callable[[Progress], object] | None = None) -> T:
    """Run `steps` to the end and give its result, reporting each `Progress` to `on_progress`."""
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            return typing.cast(T, end.value)
        if on_progress:
            on_progress(progress)
