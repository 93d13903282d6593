"""The jobs that wait for one worker, and how long they will take."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

KEPT = 8
"""How many durations of each kind of job are remembered."""


@dataclass(eq=False)
class Waiting:
    """A job that has not ended. Jobs of one kind are expected to take equally long."""

    kind: Hashable
    since: float


@dataclass
class Backlog:
    """The jobs of a worker that runs one at a time, in the order in which they were submitted."""

    now: Callable[[], float] = time.monotonic
    _jobs: list[Waiting] = field(default_factory=list)
    _took: dict[Hashable, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT)))
    _free_since: float = 0.0
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def add(self, kind: Hashable) -> Waiting:
        """A job that was just submitted."""
        with self._lock:
            job = Waiting(kind, self.now())
            self._jobs.append(job)
            return job

    def end(self, job: Waiting, finished: bool) -> None:
        """The job has ended. Only those that finished tell how long others of their kind will take."""
        with self._lock:
            is_first = self._jobs[0] is job
            self._jobs.remove(job)
            if finished:
                self._took[job.kind].append(self.now() - self._began(job))
            if is_first or finished:
                self._free_since = self.now()

    def wait(self) -> float | None:
        """Seconds until all jobs will have ended. None if no job of the kind of one of them has finished yet."""
        with self._lock:
            if not all(self._took.get(job.kind) for job in self._jobs):
                return None
            expected = [mean(self._took[job.kind]) for job in self._jobs]
            spent = self.now() - self._began(self._jobs[0]) if expected else 0.0
            return sum(expected[1:]) + max(0.0, expected[0] - spent) if expected else 0.0

    def _began(self, job: Waiting) -> float:
        """When the job began: when it was submitted, or when the one before it ended."""
        return max(job.since, self._free_since)


def kind_of(function: str, arguments: dict[str, Any]) -> Hashable:
    """What tells how long a job takes: its function, the base and the number of models of its recipe, the split, the rows."""
    recipe = arguments.get("recipe") or {}
    size = repr(recipe.get("base")), len(recipe.get("models", ()))
    return function, *size, arguments.get("split"), arguments.get("rows"), len(arguments.get("tasks") or ())
