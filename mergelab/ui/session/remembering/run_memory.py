"""Remembers what the page does as runs, for all its visitors in one place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from mergelab.jobs.recording.recorded_job import recorded
from mergelab.runs import RunLogger, RunRequest, RunResult, RunsError, RunStore
from mergelab.runtime.folders.data_folder import NOWHERE

T = TypeVar("T")
Y = TypeVar("Y")


class RunMemory:
    """The store of runs of a server, which is opened at its first use.

    `place` is a file or the URL of a database, None the default one, and `NOWHERE` remembers nothing. Where the store cannot be
    opened, the page goes on without it, and `problem` is the sentence that says why. Runs are told to `logger` as well.
    """

    def __init__(self, place: str | None = NOWHERE, logger: RunLogger | None = None) -> None:
        self._place, self._logger, self._lock = place, logger, threading.Lock()
        self._opened: RunStore | None = None
        self.problem = "The server was started with --runs none, so it remembers no runs." if place == NOWHERE else ""

    def store(self) -> RunStore | None:
        """The store, or None where `problem` says why there is none."""
        with self._lock:
            if self._opened is None and not self.problem:
                try:
                    self._opened = RunStore.open(self._place, self._logger)
                except RunsError as error:
                    self.problem = f"Runs are not remembered: {error}"
            return self._opened

    def recorded(
        self,
        request: Callable[[], RunRequest],
        job: Generator[Y, None, T],
        found: Callable[[T], RunResult],
        stops: tuple[type[BaseException], ...] = (),
    ) -> Generator[Y, None, tuple[int, T]]:
        """Go through with `job` as `jobs.recording.recorded_job` does; the number is 0 where nothing is remembered."""
        store = self.store()
        if store is None:
            return 0, (yield from job)
        return (yield from recorded(store, request(), job, found, stops))

    def added(self, request: Callable[[], RunRequest], result: RunResult) -> int:
        """Remember what is done already; returns its number, 0 where nothing is remembered."""
        store = self.store()
        if store is None:
            return 0
        number = store.add(request())
        store.finish(number, result)
        return number

    def close(self) -> None:
        """Close the store. Runs that have not ended count as interrupted."""
        with self._lock:
            if self._opened:
                self._opened.close()
            self._opened = None
