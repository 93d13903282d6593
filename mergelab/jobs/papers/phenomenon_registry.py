"""The registry of phenomena: each is a decorated generator function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mergelab.jobs.papers.reproduction import Outcome
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.runtime.progress import ProgressGen

Measure = Callable[[SuiteTrial], ProgressGen[Outcome]]


@dataclass(frozen=True)
class Phenomenon:
    """What papers report, and how it is measured on a suite. `papers` are arXiv ids; `number` places it among the others."""

    number: int
    name: str
    title: str
    claim: str
    papers: tuple[str, ...]
    measure: Measure


PHENOMENA: dict[str, Phenomenon] = {}


def phenomenon(number: int, title: str, claim: str, papers: Sequence[str]) -> Callable[[Measure], Measure]:
    """Register a generator function `(trial) -> Outcome` that yields progress, under its name."""

    def register(measure: Measure) -> Measure:
        name = measure.__name__.replace("_", "-")
        PHENOMENA[name] = Phenomenon(number, name, title, claim, tuple(papers), measure)
        return measure

    return register
