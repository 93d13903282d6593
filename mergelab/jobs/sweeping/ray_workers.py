"""Workers on a Ray cluster, and what they are asked; what is lost with one is asked again on another."""

from __future__ import annotations

import logging
import os
import re
import time
from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import ObjectLostError, OutOfMemoryError, RayActorError, RayError, RayTaskError, WorkerCrashedError

from mergelab.jobs.sweeping.point_worker import PointWorker, WorkerOrder
from mergelab.sweeps import SweepError

LOSSES = 3
"""How often one request may be lost with its worker before the sweep ends."""
POLL = 0.1
"""Seconds between two looks, so that a sweep stops quickly."""
PATIENCE = 600.0
"""Seconds for which a sweep waits for its first worker: as long as a cloud may take to start a machine."""
LOST = (RayActorError, ObjectLostError, OutOfMemoryError, WorkerCrashedError)
VARIABLES = ("MERGELAB_CACHE", "MERGELAB_CACHE_LIMIT", "MERGELAB_DATA", "MERGELAB_PORTABLE")
"""Variables of the sweep's process that its workers have as well."""

log = logging.getLogger("mergelab.sweep")


@dataclass(eq=False)
class Request:
    """A call of a `PointWorker`. `name` is what it is about, `merge` the digest of the merge that it needs or leaves in memory."""

    name: str
    method: str
    arguments: tuple[Any, ...] = ()
    merge: str = ""
    losses: int = 0


@dataclass(eq=False)
class _Worker:
    actor: Any
    opening: Request
    open: bool = False


@dataclass(eq=False)
class RayWorkers:
    """`count` workers for one order; one that is lost is replaced. They start at once, and end with `close`."""

    order: WorkerOrder
    count: int
    _workers: list[_Worker] = field(default_factory=list)
    _running: dict[Any, tuple[_Worker, Request]] = field(default_factory=dict)
    _holders: dict[str, set[_Worker]] = field(default_factory=lambda: defaultdict(set))
    _alone_since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        for number in range(self.count):
            self._hire(Request(f"worker {number + 1}", "open"))

    @property
    def ready(self) -> int:
        """How many workers have opened their models."""
        return sum(worker.open for worker in self._workers)

    def run(
        self, requests: Sequence[Request], coming: Iterable[Request] = ()
    ) -> Generator[tuple[Request, Any] | None, None, None]:
        """Have all requests answered, and then those that are `coming`, of which one is taken when a worker is free.

        Yields each with its result as it is answered, and None while none is. Raises the error of a request, and `SweepError` where
        one was lost `LOSSES` times or where no worker starts.
        """
        waiting, ahead = deque(requests), iter(coming)
        while True:
            idle = self._hand_out(waiting, ahead)
            if idle and all(request is worker.opening for worker, request in self._running.values()):
                return
            done, _ = ray.wait([*self._running], timeout=POLL)
            for reference in done:
                yield from self._taken(reference, waiting)
            self._check_patience()
            yield None

    def drop(self, merge: str) -> None:
        """Free the memory of a merge wherever it is."""
        for worker in self._holders.pop(merge, ()):
            if worker in self._workers:
                worker.actor.drop.remote(merge)

    def close(self) -> None:
        """End all workers, whatever they do."""
        for worker in self._workers:
            _end(worker)
        self._workers.clear()
        self._running.clear()

    def _hand_out(self, waiting: deque[Request], ahead: Iterator[Request]) -> bool:
        """Give free workers what is to be asked, each first what needs a merge that it has; whether one is left without work."""
        free = [worker for worker in self._idle() if worker.open]
        waiting.extend(request for _, request in zip(free[len(waiting) :], ahead, strict=False))
        for held in (True, False):
            for worker in [*free]:
                request = next((each for each in waiting if not held or worker in self._holders[each.merge]), None)
                if request:
                    waiting.remove(request)
                    free.remove(worker)
                    self._ask(worker, request)
        return bool(free)

    def _idle(self) -> list[_Worker]:
        busy = {worker for worker, _ in self._running.values()}
        return [worker for worker in self._workers if worker not in busy]

    def _ask(self, worker: _Worker, request: Request) -> None:
        reference = getattr(worker.actor, request.method).remote(*request.arguments)
        self._running[reference] = worker, request

    def _taken(self, reference: Any, waiting: deque[Request]) -> Iterator[tuple[Request, Any]]:
        worker, request = self._running.pop(reference)
        try:
            result = ray.get(reference)
        except LOST as error:
            self._lose(worker, request, error, waiting)
        except RayTaskError as error:
            raise _cause(error, request) from None
        else:
            if request is worker.opening:
                worker.open, request.losses = True, 0
            else:
                self._holders[request.merge].add(worker)
                yield request, result

    def _lose(self, worker: _Worker, request: Request, error: RayError, waiting: deque[Request]) -> None:
        """Replace a worker, have its request asked again, and look whether those without work live."""
        _end(worker)
        self._workers.remove(worker)
        request.losses += 1
        if request.losses >= LOSSES:
            raise SweepError(
                f"{request.name} was lost {LOSSES} times with its worker, the last time because {_reason(error)}; if a node has too little "
                "memory for its merge, use larger nodes or fewer workers, and start the sweep again: its answers are kept"
            )
        log.warning(
            "mergelab: %s was lost with its worker, because %s; it is tried again", request.name, _reason(error)
        )
        if request is not worker.opening:
            waiting.appendleft(request)
        self._hire(worker.opening)
        for idle in self._idle():
            self._ask(idle, idle.opening)

    def _hire(self, opening: Request) -> None:
        """Start a worker. It waits its turn where the cluster has no room for it yet."""
        variables = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        gpus = {"num_gpus": 1} if self.order.device == "cuda" else {}
        kind = ray.remote(PointWorker).options(
            num_cpus=self.order.threads, **gpus, runtime_env={"env_vars": variables} if variables else None
        )
        worker = _Worker(kind.remote(self.order), opening)
        self._workers.append(worker)
        self._ask(worker, opening)

    def _check_patience(self) -> None:
        if self.ready:
            self._alone_since = time.monotonic()
        elif time.monotonic() > self._alone_since + PATIENCE:
            needs = f"{self.order.threads} free processors" + (" and a GPU" if self.order.device == "cuda" else "")
            raise SweepError(
                f"no worker has started on the Ray cluster for {PATIENCE:g} s; each needs {needs}: look at `ray status`, add nodes, or set "
                "OMP_NUM_THREADS to fewer before the command"
            )


def workers_for(threads: int) -> int:
    """How many workers the processors of the cluster allow."""
    return max(1, int(ray.cluster_resources().get("CPU", 0)) // threads)


def _end(worker: _Worker) -> None:
    with suppress(RayError):
        ray.kill(worker.actor)


def _cause(error: RayTaskError, request: Request) -> BaseException:
    """The error of a request as it would be without Ray."""
    cause: BaseException = getattr(error, "cause", None) or error
    if isinstance(cause, ValueError | OSError) or request.method != "open":
        return cause
    last = str(cause).strip().splitlines()[-1]
    return SweepError(
        f"a worker on the Ray cluster cannot start ({last}); install the same version of mergelab[cluster] on every node"
    )


def _reason(error: RayError) -> str:
    """Why a worker was lost, from the many lines of Ray's message."""
    text = " ".join(str(error).split())
    found = re.search(r"because (.+?)(?:\.\s|\.$|$)", text)
    return found[1] if found else text.split(". ")[0].removesuffix(".")
