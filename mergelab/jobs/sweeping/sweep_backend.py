"""Where the points of a sweep are merged and asked; here, in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from mergelab.jobs.sweeping.contestant import Contestant
from mergelab.jobs.sweeping.point_models import PointModels
from mergelab.runtime.progress import Progress, ProgressGen, map_progress

T = TypeVar("T")


class SweepBackend(Protocol):
    """Merges contestants and asks them their rows. What it finds depends on neither its kind nor its number of processes."""

    def start(self, contestants: Iterable[Contestant]) -> ProgressGen[None]:
        """Merge contestants, each as it comes: the next is taken when there is somebody to merge it."""

    def answer(self, contestants: Sequence[Contestant], until: int) -> Generator[Progress | Contestant, None, None]:
        """Have the first `until` rows of every task answered. Yields each contestant when it has, in their order."""

    def drop(self, contestant: Contestant) -> None:
        """Free the memory of its merge: it answers no more."""

    def close(self) -> None:
        """End what the backend has started. Nothing may be asked afterwards."""


class LocalBackend:
    """One contestant after the other, in this process."""

    def __init__(self, models: PointModels) -> None:
        self._models = models

    def start(self, contestants: Iterable[Contestant]) -> ProgressGen[None]:
        """As `SweepBackend` says."""
        for contestant in contestants:
            contestant.enter((yield from _told(contestant, self._models.merge(contestant.recipe))))

    def answer(self, contestants: Sequence[Contestant], until: int) -> Generator[Progress | Contestant, None, None]:
        """As `SweepBackend` says."""
        for contestant in contestants:
            for block in list(contestant.missing(until)):
                answers = yield from _told(contestant, self._models.answer(contestant.recipe, block))
                contestant.take(block, answers)
            yield contestant

    def drop(self, contestant: Contestant) -> None:
        """As `SweepBackend` says."""
        self._models.drop(contestant.recipe.digest())

    def close(self) -> None:
        """Nothing was started."""


def _told(contestant: Contestant, work: ProgressGen[T]) -> ProgressGen[T]:
    return map_progress(work, lambda step: replace(step, detail=f"{contestant.name}: {step.stage.lower()}"))
