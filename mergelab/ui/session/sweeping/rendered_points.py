"""The points of a sweep as messages and as a chart."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import pandas

from mergelab.charts import Picture, score_over_setting
from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, SweepOutcome
from mergelab.sweeps import Sweep
from mergelab.sweeps.objective import MEAN, TASK
from mergelab.ui.form.labels import counted
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.messages import SweepPoint

STATES = {
    PointState.RACING: "racing",
    PointState.OUT: "left the race",
    PointState.FINISHED: "finished",
    PointState.REFUSED: "refused",
}


def rendered_points(
    points: Sequence[Point], paths: Sequence[str], objective: str, outcome: SweepOutcome | None, words: SettingWords
) -> list[SweepPoint]:
    """Each point with its values of the settings at `paths`, and its figure on validation rows."""
    return [
        SweepPoint(
            point.number + 1,
            STATES[point.state],
            [words.value(path, point.settings[path]) if path in point.settings else "" for path in paths],
            point.values[0] if point.values else None,
            _told(point, objective),
            point.n,
            outcome is not None and point.number in outcome.best,
            outcome is not None and point.number in outcome.alike,
            point.recipe.to_yaml() if point.recipe else "",
        )
        for point in points
    ]


def sweep_figure(points: Sequence[Point], path: str, title: str, objective: str) -> Picture | None:
    """The objective on validation rows over one setting; None without points that have both."""
    shown = [
        {
            "x": point.settings[path],
            "value": point.values[0],
            "low": score.low if score else nan,
            "high": score.high if score else nan,
            "number": point.number + 1,
            "words": f"Point {point.number + 1}, {STATES[point.state]}: {_told(point, objective)}, n = {point.n} a task",
        }
        for point in points
        if point.values and path in point.settings
        for score in [score_of(point, objective)]
    ]
    if not shown:
        return None
    is_share = all(find_metric(score.metric).is_share for point in points for score in point.scores)
    return score_over_setting(pandas.DataFrame(shown), title, "On validation rows", is_share)


def sweep_summary(outcome: SweepOutcome | None, asked: Sweep) -> str:
    """The best point, what it scores on test rows, and what the selection was worth; empty text before the end."""
    if outcome is None:
        return ""
    tried = f"{counted(len(outcome.points), 'recipe')} tried, {outcome.rows:,} answers asked for."
    if not outcome.best or not outcome.test or not outcome.optimism:
        return tried
    best, optimism = outcome.best[0] + 1, outcome.optimism
    test = mean_score(outcome.test) if len(outcome.test) > 1 else outcome.test[0]
    alike = f" The rows do not tell {counted(len(outcome.alike), 'other')} from it." if outcome.alike else ""
    worth = f"{_points(optimism.value)} points ({_points(optimism.low)} to {_points(optimism.high)})"
    return (
        f"{tried} The best is point {best}.{alike} On all test rows its mean is {_written(test)}, n = {test.n:,}."
        f" Selection on validation rows was worth {worth}: its score there minus that on test rows."
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def score_of(point: Point, objective: str) -> Score | None:
    """The score that is the objective; None for one that is more than a score, such as the worst task."""
    if objective.startswith(TASK):
        return next((score for score in point.scores if score.task == objective.removeprefix(TASK)), None)
    shares = [score for score in point.scores if find_metric(score.metric).is_share]
    if objective != MEAN or len(shares) != len(point.scores) or not shares:
        return None
    return mean_score(shares) if len(shares) > 1 else shares[0]


def _told(point: Point, objective: str) -> str:
    if not point.values:
        return point.error
    score = score_of(point, objective)
    return _written(score) if score else f"{point.values[0]:.4f}"


def _written(score: Score) -> str:
    notation = find_metric(score.metric).notation
    return f"{notation.score(score.value)} ({notation.ends(score.low, score.high)})"
