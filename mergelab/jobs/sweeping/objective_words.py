"""How people write what a point of a sweep is worth by an objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.notation import SHARES, Notation
from mergelab.jobs.sweeping.sweep_outcome import Point
from mergelab.sweeps.objective import MEAN, NORMALISED, TASK, WORST, read_objective
from mergelab.sweeps.repeats import mean_over_seeds

OBJECTIVES = {MEAN: "Mean of all tasks", WORST: "Worst task", NORMALISED: "Mean relative to the experts"}
"""The titles of the objectives that are no single task."""


@dataclass(frozen=True)
class ObjectiveWords:
    """How an objective is written; `sign` is -1 where less is better, because a sweep makes objectives large."""

    notation: Notation
    sign: int

    @classmethod
    def of(cls, point: Point, name: str) -> ObjectiveWords:
        """Those of the objective of this name, which a point has scores for."""
        score = score_of(point, name)
        metric = find_metric(score.metric) if score else None
        return cls(metric.notation if metric else SHARES, -1 if metric and not metric.higher_is_better else 1)

    def score(self, value: float) -> str:
        """The objective as it is measured: `75.5 %`."""
        return self.notation.score(self.sign * value)

    def difference(self, found: Estimate) -> str:
        """A difference with its interval: `+2.1 points (−0.4 to +4.6)`."""
        low, high = sorted((self.sign * found.low, self.sign * found.high))
        ends = self.notation.difference_ends(low, high)
        return f"{self.notation.difference(self.sign * found.value)} {self.notation.unit} ({ends})"


def objective_title(name: str, tasks: Mapping[str, str] = MappingProxyType({})) -> str:
    """The title of an objective; `tasks` are the titles of tasks by name, where they have others."""
    task = name.removeprefix(TASK)
    return OBJECTIVES.get(name) or tasks.get(task, task)


def score_of(point: Point, name: str) -> Score | None:
    """The score that the objective of this name is; None for one that is more than a score, such as a mean relative to the experts."""
    if name == NORMALISED:
        return None
    objective = read_objective(name, {score.task: score.metric for score in point.scores}, {})
    found = [score for each in point.by_seed if (score := objective.score(each))]
    return mean_over_seeds(found) if found else None
