"""What all visitors share: the workers, and a cache of the results that they computed."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Iterator
from typing import Any, Generic, TypeVar

from pandas import DataFrame

from mergelab.analysis.sketch import Sketch
from mergelab.analysis.tensor_map import TensorMap
from mergelab.jobs import Crashed, Event, Finished, Job, Queued, Refused, Stopped, Worker
from mergelab.jobs.stack_job import StackFacts
from mergelab.jobs.workbench import Run
from mergelab.runtime.progress import Partial, Progress, map_progress
from mergelab.ui.messages import Status
from mergelab.ui.session.queueing.backlog import Backlog, kind_of
from mergelab.ui.session.queueing.spare_time import SpareTime
from mergelab.ui.session.remembering.run_memory import RunMemory
from mergelab.ui.session.status import Stopwatch

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
CURVES = 500
"""How many tables of curves are kept, about 40 KB each."""
STACKS = 100
"""For how many stacks it is kept what headers tell."""
TICK = 0.25
"""Seconds after which a stop is noticed, and the elapsed time goes on, while a job reports nothing."""


class RefusalError(ValueError):
    """The work cannot be done as asked; the message is for the person."""


class CrashError(Exception):
    """The work failed; the message is for the person, `trace` for a bug report."""

    def __init__(self, sentence: str, trace: str) -> None:
        super().__init__(sentence)
        self.trace = trace


def whole_crash(crash: Crashed) -> CrashError:
    """Everything that is known of a crash: for people who may see what the server's process sees."""
    return CrashError(crash.sentence, crash.detail)


class StopPressedError(Exception):
    """The person pressed Stop."""


class LRU(Generic[K, V]):
    """The most recently used `size` values by key; safe to use from several threads. `dropped` hears of each key that goes."""

    def __init__(self, size: int, dropped: Callable[[K], object] = lambda key: None) -> None:
        self._size, self._dropped, self._lock = size, dropped, threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, marked as used, or None."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: K, value: V) -> V:
        """Keep the value, and drop the least recently used one if there are too many."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._dropped(self._values.popitem(last=False)[0])
        return value

    def drop(self, key: K) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            if self._values.pop(key, None) is not None:
                self._dropped(key)

    def get_or_make(self, key: K, make: Callable[[], V]) -> V:
        """The value, computed at its first use."""
        found = self.get(key)
        return found if found is not None else self.put(key, make())


class Stopper:
    """One person's Stop button: ends that person's jobs."""

    def __init__(self) -> None:
        self._jobs: set[Job] = set()
        self._lock = threading.Lock()
        self._presses = 0
        self._rests_at: Hashable = None

    @property
    def presses(self) -> int:
        """How often Stop was pressed. Work that began before the last press must end."""
        return self._presses

    def press(self) -> bool:
        """Stop everything. Returns whether anything was running."""
        with self._lock:
            self._presses += 1
            jobs = list(self._jobs)
        for job in jobs:
            job.stop()
        return bool(jobs)

    def check(self, presses: int) -> None:
        """Raise StopPressedError if Stop was pressed since it had been pressed so often: between two jobs nothing else notices."""
        if self._presses != presses:
            raise StopPressedError

    def rest(self, at: Hashable) -> None:
        """From now on nothing begins by itself for the recipe with this key: the person has stopped it, or it failed."""
        self._rests_at = at

    def rests(self, at: Hashable) -> bool:
        """Whether nothing may begin by itself for this recipe."""
        return self._rests_at is not None and self._rests_at == at

    def watch(self, job: Job) -> None:
        """From now on a press stops this job."""
        with self._lock:
            self._jobs.add(job)

    def forget(self, job: Job) -> None:
        """The job has ended."""
        with self._lock:
            self._jobs.discard(job)


READER = frozenset(
    {"tensor_map", "coordinates", "pair_conflicts", "spectrum", "stack_facts", "read_tasks", "look_at_tasks"}
)
"""Functions that only read. They run in a worker of their own, so they do not wait behind a merge."""


def one_thread() -> Worker:
    """A worker with one thread, which leaves the other cores to merges."""
    return Worker(threads=1)


class JobCache:
    """The workers, each started at its first job, and the results worth keeping. Identical requests at the same time run once.

    `crash_error` decides what people are told of a job that crashed. Merges are remembered in `run_memory`, by default nowhere.
    """

    def __init__(
        self,
        start_worker: Callable[[], Worker] = Worker,
        sketches: int = 24,
        runs: int = 400,
        maps: int = 6,
        start_reader: Callable[[], Worker] = one_thread,
        crash_error: Callable[[Crashed], CrashError] = whole_crash,
        run_memory: RunMemory | None = None,
    ) -> None:
        self._start_worker, self._start_reader, self._crash_error = start_worker, start_reader, crash_error
        self._worker: Worker | None = None
        self._reader: Worker | None = None
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, threading.Lock] = {}
        self.backlog = Backlog()
        self.run_memory = run_memory or RunMemory()
        self.spare_time = SpareTime(lambda: self.worker)
        self.sketches: LRU[Hashable, Sketch] = LRU(sketches)
        self.runs: LRU[Hashable, Run] = LRU(runs)
        self.curves: LRU[Hashable, DataFrame] = LRU(CURVES)
        self.maps: LRU[Hashable, TensorMap] = LRU(maps)
        self.stacks: LRU[Hashable, StackFacts] = LRU(STACKS)

    @property
    def worker(self) -> Worker:
        """The worker process that merges and measures."""
        with self._lock:
            if self._worker is None:
                self._worker = self._start_worker()
            return self._worker

    @property
    def reader(self) -> Worker:
        """The worker process that reads tensors."""
        with self._lock:
            if self._reader is None:
                self._reader = self._start_reader()
            return self._reader

    def warm_up(self) -> None:
        """Start the reader if it is not running, so it imports torch while the person still chooses a tensor."""
        if self._reader is None:
            self.reader.submit("ready")

    def close(self) -> None:
        """End the workers."""
        self.spare_time.close()
        self.run_memory.close()
        with self._lock:
            for worker in (self._worker, self._reader):
                if worker is not None:
                    worker.close()
            self._worker = self._reader = None

    def once(
        self,
        kept: LRU[Hashable, V],
        key: Hashable,
        watch: Stopwatch,
        stopper: Stopper,
        function: str,
        /,
        **arguments: Any,
    ) -> Generator[Status, None, V]:
        """The result of a worker's function: from the cache, or computed while yielding statuses.

        Raises RefusalError if the work cannot be done, CrashError if it failed, and StopPressedError if the person stopped it.
        """
        return (yield from _statuses(self.once_in_parts(kept, key, watch, stopper, function, **arguments)))

    def once_in_parts(
        self,
        kept: LRU[Hashable, V],
        key: Hashable,
        watch: Stopwatch,
        stopper: Stopper,
        function: str,
        around: Callable[[Generator[Status | Partial, None, V]], Generator[Status | Partial, None, V]] | None = None,
        /,
        **arguments: Any,
    ) -> Generator[Status | Partial, None, V]:
        """The same, with the partial results on the way. Only the request that computes them gets them; it does so within
        `around`.

        Raises RefusalError if the work cannot be done, CrashError if it failed, and StopPressedError if the person stopped it.
        """
        presses = stopper.presses
        with self._lock:
            mine = self._under_way.setdefault(key, threading.Lock())
        while not mine.acquire(timeout=TICK):
            if stopper.presses != presses:
                raise StopPressedError
            if watch.due():
                yield watch.status()
        try:
            found = kept.get(key)
            if found is None:
                job = self.follow_in_parts(watch, stopper, function, **arguments)
                found = kept.put(key, (yield from around(job) if around else job))
            return found
        finally:
            mine.release()
            with self._lock:
                self._under_way.pop(key, None)

    def follow(
        self, watch: Stopwatch, stopper: Stopper, function: str, /, **arguments: Any
    ) -> Generator[Status, None, Any]:
        """Run a function of the workbench while yielding statuses. Closing this generator stops the job."""
        return (yield from _statuses(self.follow_in_parts(watch, stopper, function, **arguments)))

    def follow_in_parts(
        self, watch: Stopwatch, stopper: Stopper, function: str, /, **arguments: Any
    ) -> Generator[Status | Partial, None, Any]:
        """The same, with the partial results of the function."""
        if function in READER:
            return (yield from self._submitted(self.reader, watch, stopper, function, arguments))
        finished, waiting = False, self.backlog.add(kind_of(function, arguments))
        try:
            with self.spare_time.interrupted():
                result = yield from self._submitted(self.worker, watch, stopper, function, arguments)
            finished = True
            return result
        finally:
            self.backlog.end(waiting, finished)

    def _submitted(
        self, worker: Worker, watch: Stopwatch, stopper: Stopper, function: str, arguments: dict[str, Any]
    ) -> Generator[Status | Partial, None, Any]:
        presses = stopper.presses  # before the job can be stopped, so that no press is missed
        job = worker.submit(function, **arguments)
        stopper.watch(job)
        try:
            for event in poll(job):
                if stopper.presses != presses:
                    raise StopPressedError
                match event:
                    case Finished(result):
                        return result
                    case Refused(sentence):
                        raise RefusalError(sentence)
                    case Crashed():
                        raise self._crash_error(event)
                    case Stopped():
                        raise StopPressedError
                    case Partial():
                        yield event
                    case Progress() | Queued() | None:
                        status = watch.status(event)
                        if watch.due():  # a later one tells what this one leaves out
                            yield status
        finally:
            stopper.forget(job)
            if job.ended is None:
                job.stop()
        raise CrashError("the job ended without a result; try again", "")


def _statuses(steps: Generator[Status | Partial, None, V]) -> Generator[Status, None, V]:
    return (yield from map_progress(steps, lambda step: step if isinstance(step, Status) else None))


def poll(job: Job) -> Iterator[Event | None]:
    """The job's events, and None after every `TICK` seconds without one. Of several waiting progress reports only the last counts."""
    inbox: queue.Queue[Event] = queue.Queue()
    threading.Thread(target=_pour, args=(job, inbox), daemon=True).start()
    while True:
        try:
            event: Event | None = inbox.get(timeout=TICK)
            while isinstance(event, Progress | Queued) and not inbox.empty():
                event = inbox.get_nowait()
        except queue.Empty:
            event = None
        yield event
        if isinstance(event, Finished | Refused | Crashed | Stopped):
            return


def _pour(job: Job, inbox: queue.Queue[Event]) -> None:
    for event in job.events():
        inbox.put(event)
