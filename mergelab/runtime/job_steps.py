"""The steps of a job: they turn the progress of one step into a share of the whole job."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from mergelab.runtime.progress import JobPlace, Progress, map_progress

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class JobStep:
    """A step of a job. `weight` is the time that it usually takes, relative to the other steps of its job."""

    title: str
    weight: float


class JobSteps:
    """The steps of one job in their order, without those that this job has no use for."""

    def __init__(self, *steps: JobStep) -> None:
        self._steps = steps

    def __contains__(self, step: JobStep) -> bool:
        return step in self._steps

    def take(self, step: JobStep, work: Generator[S, None, T], stages: int = 1) -> Generator[S | Progress, None, T]:
        """The same work as one of the steps: its first report names the step, and each report has its place in the job.

        The work may count from 0 several times; `stages` says how often, as far as is known before. Further counts leave
        the share where it is.
        """
        within = _Within(stages)
        yield Progress(step.title, 0, 0, place=self._place(step, 0.0))

        def placed(report: S) -> S | Progress | None:
            if not isinstance(report, Progress):
                return report
            return replace(report, place=self._place(step, within.share(report)))

        in_place: Generator[S | Progress, None, T] = map_progress(work, placed)
        return (yield from in_place)

    def _place(self, step: JobStep, share: float) -> JobPlace:
        number, whole = self._steps.index(step), sum(each.weight for each in self._steps)
        done = sum(each.weight for each in self._steps[:number]) + step.weight * share
        return JobPlace(step.title, number + 1, len(self._steps), done / whole)


@dataclass
class _Within:
    """How much of one step is done, from its reports."""

    stages: int
    _stage: int = 0
    _last: Progress | None = None
    _reached: float = field(default=0.0)

    def share(self, report: Progress) -> float:
        """The share of the step that is done after this report."""
        last, self._last = self._last, report
        if last is not None and ((last.stage, last.total) != (report.stage, report.total) or report.done < last.done):
            self._stage += 1
        now = report.done / report.total if report.total else 0.0
        self._reached = max(self._reached, min((self._stage + now) / self.stages, 1.0))
        return self._reached
