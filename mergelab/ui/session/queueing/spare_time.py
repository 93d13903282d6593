"""Jobs that nobody waits for: they run while the worker has nothing else to do."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mergelab.jobs import Finished, Job, Stopped, Worker

QUIET = 1.0
"""Seconds that nobody must have waited before a spare job begins again: who turns a knob often turns it on."""


@dataclass(frozen=True)
class SpareJob:
    """A function of the workbench with its arguments; `keep` gets the result."""

    function: str
    arguments: dict[str, Any]
    keep: Callable[[Any], object]


class SpareTime:
    """Spare jobs of the worker, one at a time in their order. Whenever somebody asks for a job, the spare one stops at its next
    step, and begins again when nobody has waited for a moment: what it has in the cache by then is not done twice."""

    def __init__(self, worker: Callable[[], Worker]) -> None:
        self._worker, self._lock = worker, threading.Lock()
        self._jobs: deque[SpareJob] = deque()
        self._running: Job | None = None
        self._waiting = 0
        self._quiet_from = -math.inf

    def add(self, job: SpareJob) -> None:
        """One more job. It begins at once if nobody waits for the worker."""
        with self._lock:
            self._jobs.append(job)
        self._go_on()

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        """No spare job runs while somebody waits for the worker."""
        with self._lock:
            self._waiting += 1
            if self._running:
                self._running.stop(grace=math.inf)  # killing it would lose what the worker has loaded
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._quiet_from = time.monotonic()
            self._go_on()

    def close(self) -> None:
        """No job begins any more."""
        with self._lock:
            self._waiting += 1

    def _go_on(self) -> None:
        with self._lock:
            if self._waiting or self._running or not self._jobs:
                return
            early = self._quiet_from + QUIET - time.monotonic()
            if early > 0:
                self._try_after(early)
                return
            spare = self._jobs[0]
            self._running = job = self._worker().submit(spare.function, **spare.arguments)
        threading.Thread(target=self._follow, args=(spare, job), name="mergelab-spare", daemon=True).start()

    def _try_after(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._go_on)
        timer.daemon = True
        timer.start()

    def _follow(self, spare: SpareJob, job: Job) -> None:
        for _ in job.events():
            pass
        if isinstance(job.ended, Finished):
            spare.keep(job.ended.result)
        with self._lock:
            self._running = None
            if not isinstance(job.ended, Stopped):
                self._jobs.popleft()
        self._go_on()
