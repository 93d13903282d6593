"""What a point of a sweep is worth by one objective, as a figure with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from mergelab.evaluation.scores.metrics import find_metric
from mergelab.jobs.sweeping.objective_words import ObjectiveWords, score_of
from mergelab.jobs.sweeping.sweep_outcome import Point


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
    words = ObjectiveWords.of(point, objectives[place])
    notation, sign = words.notation, words.sign
    seeds = [sign * each.values[place] for each in point.repeats] or [sign * worth]
    ends = (score.low, score.high) if score else (worth - half, worth + half)
    value = score.value if score else worth
    between = f", seeds {notation.ends(min(seeds), max(seeds))}" if len(seeds) > 1 else ""
    text = f"{notation.score(value)} ({notation.ends(*ends)}){between}"
    return PointFigure(value, *ends, worth, text, metric is None or metric.is_share, min(seeds), max(seeds))
