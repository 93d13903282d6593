"""Long work as generators that yield progress, can be closed at any yield, and return a result."""

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
    """`done` of `total` steps of `stage` are finished; `detail` names the current step (a tensor, a task)."""

    stage: str
    done: int
    total: int
    detail: str = ""


ProgressGen = Generator[Progress, None, T]
"""Yields `Progress` at least once per tensor or batch, so that it stops quickly, and returns a `T`."""


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


def finish(steps: ProgressGen[T], on_progress: Callable[[Progress], object] | None = None) -> T:
    """Run `steps` to the end and return its result; `on_progress` is called with each `Progress`."""
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            return typing.cast(T, end.value)
        if on_progress:
            on_progress(progress)
