"""The status strip: what the page is doing, how long it has taken, and how long it will take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from mergelab.jobs import Queued
from mergelab.runtime.progress import Progress
from mergelab.ui.form.labels import counted, seconds
from mergelab.ui.messages import Status, StatusKind

MEASURED = 0.05
"""The share of a stage that must be done before its remaining time is estimated; the first tensor is often the largest."""


FOLLOWING = Status("ready", "Preview follows every knob")
BUSY = ("loading", "running", "queued")
"""Kinds of status that another status must follow."""


class HasStatus(Protocol):
    """An update of the page that may change the status."""

    @property
    def status(self) -> Status | None: ...


S = TypeVar("S", bound=HasStatus)


class UnderWay:
    """The work whose progress is on a visitor's strip. True while there is any."""

    def __init__(self) -> None:
        self._lock, self._count = threading.Lock(), 0

    def __bool__(self) -> bool:
        return self._count > 0

    def through(self, steps: Generator[S, None, object]) -> Generator[S, None, bool]:
        """The same steps. The work counts as under way from its first progress on. Returns whether the last status was progress."""
        begun = busy = False
        try:
            for step in steps:
                busy = busy if step.status is None else step.status.kind in BUSY
                if busy and not begun:
                    begun = True
                    self._count_on(1)
                yield step
            return busy
        finally:
            steps.close()
            if begun:
                self._count_on(-1)

    def _count_on(self, more: int) -> None:
        with self._lock:
            self._count += more


def refusal(sentence: str, kind: StatusKind = "error") -> Status:
    """A status that lists every line of `sentence` as one problem."""
    problems = tuple(line.strip() for line in sentence.splitlines() if line.strip())
    return Status(
        kind,
        "This cannot run yet" if len(problems) == 1 else f"{counted(len(problems), 'problem')} to solve first",
        problems=problems,
    )


def crash(sentence: str, trace: str) -> Status:
    """A status for work that failed although its input was valid."""
    return Status("error", "Something went wrong", problems=(sentence,), trace=trace)


@dataclass
class Stopwatch:
    """Turns a job's reports into statuses. It remembers when the current stage began, to estimate the remaining time."""

    what: str
    kind: StatusKind = "running"
    now: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    _stage_began: float = field(init=False, default=0.0)
    _last: Progress | Queued | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.began = self.now()

    @property
    def elapsed(self) -> float:
        """Seconds since the request."""
        return self.now() - self.began

    def status(self, report: Progress | Queued | None = None) -> Status:
        """The status after `report`; without a report, the last status with a new elapsed time."""
        if isinstance(report, Progress) and self._begins(report):
            self._stage_began = self.now()
        self._last = report or self._last
        if isinstance(self._last, Progress):
            return self._running(self._last)
        ahead = self._last.ahead if self._last else 0
        if ahead:
            return Status("queued", f"Waiting for {counted(ahead, 'job')} ahead", seconds(self.elapsed))
        return Status(self.kind, self.what, seconds(self.elapsed))

    def _begins(self, progress: Progress) -> bool:
        """Whether this report begins another stage, or the same stage for the next task."""
        last = self._last
        if not isinstance(last, Progress):
            return True
        return (last.stage, last.total) != (progress.stage, progress.total) or progress.done < last.done

    def _running(self, progress: Progress) -> Status:
        named = "" if "." in progress.detail else f" {progress.detail}".rstrip()  # tensors' names are too many to read
        parts = [f"{progress.stage}{named} {progress.done} of {progress.total}", seconds(self.elapsed)]
        left = self._left(progress)
        if left is not None:
            parts.append(f"about {seconds(left)} left in this step")
        return Status(self.kind, self.what, " · ".join(parts), progress.done / max(progress.total, 1))

    def _left(self, progress: Progress) -> float | None:
        spent = self.now() - self._stage_began
        if spent < 1 or not MEASURED <= progress.done / max(progress.total, 1) < 1:
            return None
        return spent / progress.done * (progress.total - progress.done)
