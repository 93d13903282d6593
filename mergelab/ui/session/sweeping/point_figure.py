"""What a point of a sweep is worth by one objective, as a figure with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.notation import SHARES, Notation
from mergelab.jobs.sweeping.sweep_outcome import Point
from mergelab.sweeps.objective import MEAN, NORMALISED, WORST, read_objective
from mergelab.sweeps.repeats import mean_over_seeds

OBJECTIVES = {MEAN: "Mean of all tasks", WORST: "Worst task", NORMALISED: "Mean relative to the experts"}


@dataclass(frozen=True)
class PointFigure:
    """The figure as people write it, with the ends of its 95 % interval. `worth` is the same with its sign turned where less is better.

    `lowest` and `highest` are the figures of its seeds: the same as `value` where it has one.
    """

    value: float
    low: float
    high: float
    worth: float
    text: str
    is_share: bool
    lowest: float
    highest: float


def point_figure(point: Point, objectives: Sequence[str], place: int = 0) -> PointFigure | None:
    """The figure of a point by the objective at this place; None if the point has no scores."""
    if len(point.values) <= place:
        return None
    score, worth = score_of(point, objectives[place]), point.values[place]
    half = point.errors[place] if point.errors else nan
    metric = find_metric(score.metric) if score else None
    notation, sign = notation_of(point, objectives[place])
    seeds = [sign * each.values[place] for each in point.repeats] or [sign * worth]
    ends = (score.low, score.high) if score else (worth - half, worth + half)
    value = score.value if score else worth
    between = f", seeds {notation.ends(min(seeds), max(seeds))}" if len(seeds) > 1 else ""
    text = f"{notation.score(value)} ({notation.ends(*ends)}){between}"
    return PointFigure(value, *ends, worth, text, metric is None or metric.is_share, min(seeds), max(seeds))


def score_of(point: Point, name: str) -> Score | None:
    """The score that the objective of this name is; None for one that is more than a score, such as a mean relative to the experts."""
    if name == NORMALISED:
        return None
    objective = read_objective(name, {score.task: score.metric for score in point.scores}, {})
    found = [score for each in point.by_seed if (score := objective.score(each))]
    return mean_over_seeds(found) if found else None


def notation_of(point: Point, name: str) -> tuple[Notation, int]:
    """How people write the objective of this name, and its sign: -1 where less is better, because a sweep makes it large."""
    score = score_of(point, name)
    metric = find_metric(score.metric) if score else None
    return (metric.notation if metric else SHARES), (-1 if metric and not metric.higher_is_better else 1)
