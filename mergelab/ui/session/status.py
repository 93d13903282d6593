"""The status strip: what the page is doing, how long it has taken, and how long it will take."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeVar

from mergelab.jobs import Queued
from mergelab.runtime.progress import Progress, rows_per_second
from mergelab.ui.form.labels import counted, seconds
from mergelab.ui.messages import Status, StatusKind

MEASURED = 0.1
"""The share of the work that must be done before its remaining time is estimated: the first tensor is often the largest."""
SLOW = 1.0
"""Seconds that work must have taken before its remaining time is estimated."""
ESTIMATE = Status("ready", "Estimate – scores not computed for this recipe")
UNNAMED = ("tensors", "bands", "files", "bytes")
"""Units whose current one is not named: their names are too many to read, or too long."""
BUSY = ("loading", "running", "queued")
"""Kinds of status that another status must follow."""


class HasStatus(Protocol):
    """An update of the page that may change the status: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def status(self) -> Status | None: ...


S = TypeVar("S", bound=HasStatus)


class UnderWay:
    """The work whose progress is on a visitor's strip, in the order in which it began. True while there is any."""

    def __init__(self) -> None:
        self._lock, self._works = threading.Lock(), list[object]()

    def __bool__(self) -> bool:
        return bool(self._works)

    def through(self, steps: Generator[S, None, object]) -> Generator[S, None, bool]:
        """The same steps. The work counts as under way from its first progress on. Returns whether the last status was progress.

        While other work that began later is under way, the steps are without their progress: the strip has one line, which would
        change from one work to the other and back.
        """
        work, busy = object(), False
        try:
            for step in steps:
                if step.status is not None and (busy := step.status.kind in BUSY):
                    yield step if self._has_the_strip(work) else replace(step, status=None)
                else:
                    yield step
            return busy
        finally:
            steps.close()
            self._end(work)

    def _has_the_strip(self, work: object) -> bool:
        """Whether no other work began after this one, which begins now if it has not yet."""
        with self._lock:
            if work not in self._works:
                self._works.append(work)
            return self._works[-1] is work

    def _end(self, work: object) -> None:
        with self._lock:
            self._works = [other for other in self._works if other is not work]


def refusal(sentence: str, kind: StatusKind = "error") -> Status:
    """A status that lists every line of `sentence` as one problem."""
    problems = tuple(line.strip() for line in sentence.splitlines() if line.strip())
    return Status(
        kind,
        "This cannot run yet" if len(problems) == 1 else f"{counted(len(problems), 'problem')} to solve first",
        problems=problems,
    )


def crash(sentence: str, trace: str, failed: str) -> Status:
    """A status for work that failed although its input was valid; `failed` says which: "The merge failed"."""
    return Status("error", failed, problems=(sentence,), trace=trace)


OFTEN, SELDOM, SOON = 0.5, 1.0, 2.0
"""Seconds between two statuses of a job in its first `SOON` seconds, and later: the page draws each of them on the processors that
the job needs."""


@dataclass
class Stopwatch:
    """Turns a job's reports into statuses.

    The remaining time is an estimate from the share of the whole work that is done; of one step, if only that is known. Once an estimate has proved too short,
    none is given until the next step or the next count begins.
    """

    what: str
    kind: StatusKind = "running"
    now: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    _work_began: float | None = field(init=False, default=None)
    _end: float | None = field(init=False, default=None)
    _overrun: bool = field(init=False, default=False)
    _counted_from: tuple[float, int] | None = field(init=False, default=None)
    _last: Progress | Queued | None = field(init=False, default=None)
    _told: float = field(init=False, default=-math.inf)

    def __post_init__(self) -> None:
        self.began = self.now()

    @property
    def elapsed(self) -> float:
        """Seconds since the request."""
        return self.now() - self.began

    def due(self) -> bool:
        """Whether it is time to show a status again; if so, it counts as shown."""
        pause = OFTEN if self.elapsed < SOON else SELDOM
        if self.now() < self._told + pause:
            return False
        self._told = self.now()
        return True

    def status(self, report: Progress | Queued | None = None) -> Status:
        """The status after `report`; without a report, the last status with a new elapsed time."""
        if isinstance(report, Progress):
            self._estimate(report)
        self._last = report or self._last
        if isinstance(self._last, Progress):
            return self._running(self._last)
        ahead = self._last.ahead if self._last else 0
        if ahead:
            return Status("queued", f"Waiting for {counted(ahead, 'job')} ahead", seconds(self.elapsed))
        return Status(self.kind, self.what, seconds(self.elapsed))

    def _running(self, progress: Progress) -> Status:
        left, of = self._left(), "" if progress.place else " in this step"
        told = [f"about {seconds(left)} left{of}{self._pace(progress)}"] if left else []
        parts = [*_where(progress), seconds(self.elapsed), *told]
        return Status(self.kind, self.what, " · ".join(parts), _share(progress))

    def _pace(self, progress: Progress) -> str:
        """`, 120 rows/s` while rows are counted: those of this step, without what was known before."""
        if progress.unit != "rows" or self._counted_from is None:
            return ""
        began, known = self._counted_from
        spent, rows = self.now() - began, progress.done - known
        return f", {rows_per_second(rows / spent)}" if spent > 0 and rows > 0 else ""

    def _estimate(self, progress: Progress) -> None:
        """Work out anew when the work will end."""
        begins = self._begins_step(progress)
        if begins and (self._work_began is None or not progress.place):
            self._work_began = self.now()
        if begins or self._counts_anew(progress):
            self._overrun, self._end, self._counted_from = False, None, (self.now(), progress.done)
        began = self._work_began or self.began
        share, spent = _share(progress) or 0.0, self.now() - began
        self._overrun = self._overrun or (self._end is not None and self.now() > self._end)
        count_end = self._end_of_count(progress)
        if spent >= SLOW and MEASURED <= share < 1 and not self._overrun and count_end is not None:
            self._end = max(began + spent / share, count_end)

    def _end_of_count(self, progress: Progress) -> float | None:
        """When all that is counted now will be done, at its own pace: large models take longer for it than a job's steps
        usually do. None until some of it was done, because rows that were known before tell no pace; 0 if nothing is counted."""
        if self._counted_from is None or progress.total <= 1:
            return 0.0
        began, known = self._counted_from
        done, left = progress.done - known, progress.total - progress.done
        return self.now() + left * (self.now() - began) / done if done > 0 else None

    def _begins_step(self, progress: Progress) -> bool:
        last = self._last
        if isinstance(last, Progress) and last.place and progress.place:
            return last.place.number != progress.place.number
        return self._counts_anew(progress)

    def _counts_anew(self, progress: Progress) -> bool:
        """Whether another count begins with this report, as a second pass over the tensors does."""
        last = self._last
        if not isinstance(last, Progress):
            return True
        return (last.stage, last.total) != (progress.stage, progress.total) or progress.done < last.done

    def _left(self) -> float | None:
        """The estimate of the remaining seconds, or None if there is none or it has run out."""
        if self._end is None or self._overrun:
            return None
        self._overrun = self.now() > self._end
        return None if self._overrun else self._end - self.now()


def _share(progress: Progress) -> float | None:
    """The share of the work that is done; None if that is not known, as at 0 of 1."""
    if progress.place:
        return progress.place.share
    return progress.done / progress.total if progress.total > 1 else None


def _where(progress: Progress) -> list[str]:
    """The step, and what is counted in it."""
    place, detail = progress.place, progress.detail
    step = f"Step {place.number} of {place.count}: {place.title}" if place and place.count > 1 else ""
    if not place:
        step = progress.stage
    named = "" if progress.unit in UNNAMED else detail
    return [part for part in (step, named, _count(progress)) if part]


def _count(progress: Progress) -> str:
    """`34 of 103 tensors`, `210 of 540 MB`; empty if there is hardly anything to count."""
    if progress.total <= 1:
        return ""
    if progress.unit == "bytes":
        return f"{progress.done / 1e6:,.0f} of {progress.total / 1e6:,.0f} MB"
    return f"{progress.done:,} of {progress.total:,} {progress.unit}"
