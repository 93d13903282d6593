"""A worker process that runs jobs, streams their progress, and can be stopped or killed.

The page's process never computes with tensors, so it stays responsive; the worker owns the threads and the GPU. Jobs are
functions of `mergelab.jobs.workbench`, run one at a time in the order of submission.
"""

from __future__ import annotations

import math
import os
import pickle
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from mergelab.runtime.lasting_imports import lasting_imports
from mergelab.runtime.progress import Partial, PartialGen, Progress

STOP = "stop"
ENTRY = "from mergelab.jobs.worker import main; main()"
"""Not `-m mergelab.jobs`: events must be pickled as classes of this module, not of `__main__`."""
REPORT_EVERY = 0.25
"""Minimum time in seconds between two progress reports from the worker: each one goes through Gradio to the page, which costs
more than what it tells. Reports in between are dropped, unless they are the last of their count or `Partial`."""
LOOK_EVERY = 0.05
"""Seconds after which a stop or a close is noticed while the worker says nothing."""


@dataclass(frozen=True)
class Queued:
    """The job is queued; `ahead` jobs will run before it."""

    ahead: int


@dataclass(frozen=True)
class Finished:
    """The job returned `result`."""

    result: Any


@dataclass(frozen=True)
class Refused:
    """The input was invalid; `sentence` says what is wrong, where, and what to do."""

    sentence: str


@dataclass(frozen=True)
class Crashed:
    """The job failed unexpectedly; `detail` is for a bug report. `public` says it without naming anything of this machine; empty
    where `sentence` names nothing of it."""

    sentence: str
    detail: str = ""
    public: str = ""


@dataclass(frozen=True)
class Stopped:
    """The job was stopped on request."""


Event = Queued | Progress | Partial | Finished | Refused | Crashed | Stopped
ENDS = (Finished, Refused, Crashed, Stopped)


class JobError(ValueError):
    """Raised for a job that did not finish; the message is a sentence for the user."""


class Job:
    """One submitted function call."""

    def __init__(self, function: str, arguments: dict[str, Any], ahead: int) -> None:
        self.function, self.message = function, pickle.dumps((function, arguments))
        self.stop_requested, self.grace = threading.Event(), 2.0
        self._events: queue.Queue[Event] = queue.Queue()
        self._begun, self._lock = False, threading.Lock()
        self.ended: Event | None = None
        self.report(Queued(ahead))

    def events(self) -> Iterator[Event]:
        """The job's events as they happen, ending with Finished, Refused, Crashed or Stopped. Iterate only once."""
        while True:
            event = self._events.get()
            yield event
            if isinstance(event, ENDS):
                return

    def stop(self, grace: float = 2.0) -> None:
        """Stop the job: at once if it is queued, otherwise at its next yield.

        If a running job does not stop within `grace` seconds, its process is killed.
        """
        self.grace = grace
        self.stop_requested.set()
        with self._lock:
            if not self._begun and not self.ended:
                self.report(Stopped())

    def begin(self) -> bool:
        """Mark the job as running; returns False if it was stopped while queued. Later stops are sent to the worker."""
        with self._lock:
            self._begun = True
            return self.ended is None

    def result(self, on_progress: Callable[[Progress], object] | None = None) -> Any:
        """Wait for the result; raises JobError if the job was refused, crashed or stopped."""
        for event in self.events():
            if isinstance(event, Progress) and on_progress:
                on_progress(event)
        if isinstance(self.ended, Finished):
            return self.ended.result
        raise JobError(getattr(self.ended, "sentence", "the job was stopped"))

    def report(self, event: Event) -> None:
        """Add an event to the job's events."""
        if isinstance(event, ENDS):
            self.ended = event
        self._events.put(event)


class Worker:
    """A worker process, started for the first job and restarted after being killed. Call `close` or use a `with` block."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._waiting, self._closing = 0, threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._dispatcher: threading.Thread | None = None
        self._lock = threading.Lock()

    def submit(self, function: str, /, **arguments: Any) -> Job:
        """Queue a call of a function in `mergelab.jobs.workbench`.

        Arguments and results are pickled; raises here if the arguments cannot be.
        """
        with self._lock:
            job = Job(function, arguments, ahead=self._waiting)
            if self._closing.is_set():
                job.stop()
                return job
            self._waiting += 1
            self._jobs.put(job)
            if self._dispatcher is None:
                self._dispatcher = threading.Thread(target=self._dispatch, name="mergelab-jobs", daemon=True)
                self._dispatcher.start()
        return job

    @property
    def pid(self) -> int | None:
        """The id of the worker process, or None if it is not running."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def close(self) -> None:
        """Kill the process and stop the running job, all queued ones, and any submitted later."""
        with self._lock:
            self._closing.set()
            self._jobs.put(None)
        if self._dispatcher:
            self._dispatcher.join()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _dispatch(self) -> None:
        """Run the jobs in order; only this thread accesses the process."""
        while (job := self._jobs.get()) is not None:
            if job.begin():
                try:
                    self._follow(job)
                except Exception as error:  # whatever the error, queued jobs must not wait forever
                    self._kill()
                    job.report(Crashed("the worker process could not be reached; try again", repr(error)))
            with self._lock:
                self._waiting -= 1
        self._kill()

    def _follow(self, job: Job) -> None:
        if self._closing.is_set():
            return job.report(Stopped())
        connection = self._alive()
        connection.send_bytes(job.message)
        deadline = math.inf
        while job.ended is None:
            if self._closing.is_set() or time.monotonic() > deadline:
                self._kill()
                return job.report(Stopped())
            if job.stop_requested.is_set() and deadline == math.inf:
                deadline = time.monotonic() + job.grace
                connection.send(STOP)
            if connection.poll(LOOK_EVERY):
                job.report(self._received(connection, job))
        return None

    def _received(self, connection: Connection, job: Job) -> Event:
        try:
            event: Event = connection.recv()
            return event
        except (EOFError, ConnectionError):
            code = self._process.wait(5) if self._process else None
            self._kill()
            if job.stop_requested.is_set():
                return Stopped()
            return Crashed(_died(job.function, code))

    def _alive(self) -> Connection:
        if self._connection is None or self._process is None or self._process.poll() is not None:
            self._kill()
            self._start()
        assert self._connection is not None
        return self._connection

    def _start(self) -> None:
        key = secrets.token_bytes(32)
        with Listener(authkey=key) as listener:
            command = [sys.executable, "-c", ENTRY, str(listener.address), str(self.threads or 0)]
            # By default, libgomp's threads spin long at every barrier and starve the page; without any spinning, small
            # models run at half speed.
            environment = {"GOMP_SPINCOUNT": "1000", **os.environ}
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
            threading.Thread(target=_knock, args=(self._process, listener.address, key), daemon=True).start()
            # If the worker has already died, writing fails and `_knock` connects in its place.
            with suppress(OSError), self._process.stdin as stdin:  # type: ignore[union-attr]
                stdin.write(f"{key.hex()}\n".encode())
            self._connection = listener.accept()

    def _kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
        if self._connection:
            self._connection.close()
        self._process = self._connection = None


def _died(function: str, code: int | None) -> str:
    """Why a job ended together with its process, and what to do."""
    process = "merge process" if function == "merge" else "worker process"
    if code == -getattr(signal, "SIGKILL", 9):
        return f"The {process} was killed, most likely out of memory. {_smaller(function)}"
    return f"The {process} ended unexpectedly (code {code}); {_again(function)}."


def _smaller(function: str) -> str:
    return f"Untick experts or choose a smaller model, then {_again(function)}."


def _again(function: str) -> str:
    return "press Merge again" if function == "merge" else "try again"


def _knock(process: subprocess.Popen[bytes], address: Any, key: bytes) -> None:
    """Connect once the worker has died, so that `accept` does not wait forever for a worker that never connects."""
    process.wait()
    with suppress(OSError, EOFError, AuthenticationError):
        Client(address, authkey=key).close()


def serve(connection: Connection) -> None:
    """The worker's loop: run each job received until the page's process closes the connection."""
    while True:
        try:
            message = connection.recv()
        except (EOFError, ConnectionError):
            return
        if message != STOP:
            function, arguments = message
            for event in _events(function, arguments, connection.poll):
                connection.send(event)


def _events(function: str, arguments: dict[str, Any], stopped: Callable[[], bool]) -> Iterator[Event]:
    from mergelab.jobs import workbench

    try:
        yield from _watched(getattr(workbench, function)(**arguments), stopped)
    except ValueError as error:
        yield Refused(str(error))
    except MemoryError:
        yield Crashed(f"Out of memory. {_smaller(function)}", traceback.format_exc())
    except Exception as error:  # the worker must survive and report any failure of a job
        kind = f"unexpected {type(error).__name__}"
        yield Crashed(f"{kind}: {error}", traceback.format_exc(), public=kind)


def _watched(steps: PartialGen[Any], stopped: Callable[[], bool]) -> Iterator[Event]:
    reported = 0.0
    while True:
        try:
            report = next(steps)
        except StopIteration as end:
            yield Finished(end.value)
            return
        if stopped():
            steps.close()
            yield Stopped()
            return
        if isinstance(report, Partial) or report.done >= report.total or time.monotonic() > reported + REPORT_EVERY:
            reported = 0.0 if isinstance(report, Partial) else time.monotonic()  # the count that belongs to it follows
            yield report


def main() -> None:
    """The entry point of the worker process: connect to the page's process and serve jobs."""
    threads, key = int(sys.argv[2]), bytes.fromhex(sys.stdin.readline().strip())
    connection = Client(sys.argv[1], authkey=key)
    if lower_priority := getattr(os, "nice", None):  # Windows has none
        lower_priority(5)  # the page's process takes precedence
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal goes to the page, which closes the worker
    with lasting_imports():
        import torch

        import mergelab.jobs.workbench  # noqa: F401 (the first job needs it)
    if threads:
        torch.set_num_threads(threads)
    serve(connection)
