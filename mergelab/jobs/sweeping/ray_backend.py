"""The points of a sweep on the workers of a Ray cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence

from mergelab.jobs.sweeping.contestant import Contestant
from mergelab.jobs.sweeping.point_worker import WorkerOrder
from mergelab.jobs.sweeping.ray_workers import RayWorkers, Request, workers_for
from mergelab.runtime.progress import Progress, ProgressGen


class RayBackend:
    """Many contestants at once. Answers are kept here as they come, in the store of this process."""

    def __init__(self, order: WorkerOrder, workers: int | None) -> None:
        self._workers = RayWorkers(order, workers or workers_for(order.threads))

    def start(self, contestants: Iterable[Contestant]) -> ProgressGen[None]:
        """As `SweepBackend` says."""
        entering = dict[Request, Contestant]()

        def requests() -> Iterator[Request]:
            for contestant in contestants:
                request = _request(contestant, "merge", contestant.recipe)
                entering[request] = contestant
                yield request

        for done in self._workers.run([], requests()):
            if done:
                request, merge = done
                entering[request].enter(merge)
            yield self._progress()

    def answer(self, contestants: Sequence[Contestant], until: int) -> Generator[Progress | Contestant, None, None]:
        """As `SweepBackend` says."""
        missing = {contestant: list(contestant.missing(until)) for contestant in contestants}
        asked = {
            _request(contestant, "answer", contestant.recipe, blocks): contestant
            for contestant, blocks in missing.items()
            if blocks
        }
        waiting = list(contestants)
        for done in self._workers.run(list(asked)):
            if done:
                request, answers = done
                contestant = asked.pop(request)
                for block, each in zip(missing[contestant], answers, strict=True):
                    contestant.take(block, each)
            while waiting and waiting[0] not in asked.values():
                yield waiting.pop(0)
            yield self._progress()
        yield from waiting

    def drop(self, contestant: Contestant) -> None:
        """As `SweepBackend` says."""
        self._workers.drop(contestant.recipe.digest())

    def close(self) -> None:
        """As `SweepBackend` says."""
        self._workers.close()

    def _progress(self) -> Progress:
        return Progress(
            "Waiting", 0, 0, f"{self._workers.ready} of {self._workers.count} workers of the Ray cluster", "points"
        )


def _request(contestant: Contestant, method: str, *arguments: object) -> Request:
    return Request(contestant.name, method, arguments, contestant.recipe.digest())
