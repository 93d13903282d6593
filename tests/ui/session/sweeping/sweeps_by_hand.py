"""Sweeps whose points have made-up scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ui.fake_worker import form

from mergelab.evaluation.scores import Score
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, Repeat, SweepOutcome
from mergelab.methods.knobs import Value
from mergelab.sweeps import Sweep
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.session.sweeping.swept import Swept

TASKS = {"task-a": "Task A", "task-b": "Task B"}


def score(task: str, value: float, metric: str = "accuracy", n: int = 100) -> Score:
    """A score with an interval of ±0.1."""
    return Score(task, "validation", metric, value, n, value - 0.1, value + 0.1)


def point(number: int, settings: dict[str, Value], *values: float, scores: Sequence[Score] = (), **more: Any) -> Point:
    """A finished point with these values by the objectives."""
    found = tuple(scores) or (score("task-a", values[0]),)
    return Point(number, settings, more.pop("state", PointState.FINISHED), None, "w", found, values, **more)


def repeated(number: int, settings: dict[str, Value], *values: float) -> Point:
    """A finished point whose seeds are worth these values."""
    recipe, each = form().recipe(), [(score("task-a", value),) for value in values]
    repeats = [Repeat(recipe, "w", own, (own[0].value,)) for own in each]
    mean = sum(values) / len(values)
    return replace(point(number, settings, mean), repeats=tuple(repeats))


def swept(over: dict[str, Any], points: Sequence[Point], outcome: SweepOutcome | None = None, **asked: Any) -> Swept:
    """A sweep over settings of TIES on three tiny experts."""
    sweep = Sweep.from_mapping({"recipe": form().recipe().to_mapping(), "over": over, **asked})
    return Swept(sweep, points, outcome, SettingWords({}), TASKS)
