"""What a point of a sweep is worth by one objective, as a figure with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.notation import SHARES
from mergelab.jobs.sweeping.sweep_outcome import Point
from mergelab.sweeps.objective import MEAN, NORMALISED, TASK, WORST

OBJECTIVES = {MEAN: "Mean of all tasks", WORST: "Worst task", NORMALISED: "Mean relative to the experts"}


@dataclass(frozen=True)
class PointFigure:
    """The figure as people write it, with the ends of its 95 % interval. `worth` is the same with its sign turned where less is better."""

    value: float
    low: float
    high: float
    worth: float
    text: str
    is_share: bool


def point_figure(point: Point, objectives: Sequence[str], place: int = 0) -> PointFigure | None:
    """The figure of a point by the objective at this place; None if the point has no scores."""
    if len(point.values) <= place:
        return None
    score, worth = score_of(point, objectives[place]), point.values[place]
    if score:
        return PointFigure(
            score.value, score.low, score.high, worth, written(score), find_metric(score.metric).is_share
        )
    half = point.errors[place] if point.errors else float("nan")
    text = f"{SHARES.score(worth)} ({SHARES.ends(worth - half, worth + half)})"
    return PointFigure(worth, worth - half, worth + half, worth, text, True)


def score_of(point: Point, objective: str) -> Score | None:
    """The score that is the objective; None for one that is more than a score, such as a mean relative to the experts."""
    if objective.startswith(TASK):
        return next((score for score in point.scores if score.task == objective.removeprefix(TASK)), None)
    shares = [score for score in point.scores if find_metric(score.metric).is_share]
    if objective == WORST and shares:
        return min(shares, key=lambda score: score.value)
    if objective != MEAN or not shares:
        return None
    return mean_score(shares) if len(shares) > 1 else shares[0]


def written(score: Score) -> str:
    """`80.0 % (70–90)`."""
    notation = find_metric(score.metric).notation
    return f"{notation.score(score.value)} ({notation.ends(score.low, score.high)})"
