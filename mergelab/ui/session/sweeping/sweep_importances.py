"""The importance of a sweep's settings as messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mergelab.jobs.sweeping.sweep_outcome import Point, PointState
from mergelab.sweeps.setting_importance import LEAST_POINTS, setting_importances
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import SweepImportance, SweepImportances
from mergelab.ui.session.sweeping.swept import Swept


def sweep_importances(swept: Swept) -> tuple[list[SweepImportances], str]:
    """The importances for each objective, and what they are computed from or why there are none."""
    points = [point for point in swept.points if point.values and point.state is not PointState.RACING]
    found = _in_one_order([_importances(swept, points, at) for at in range(len(swept.sought))])
    if all(each.settings for each in found):
        return found, (
            f"How differently a setting is distributed among the best quarter and among all {len(points)} recipes (PED-ANOVA, n = "
            f"{len(points)}). Brackets: 95 % over the choice of recipes. It says nothing of recipes outside the ranges."
        )
    if len(swept.paths) < 2:
        return [], ""
    if len(points) < LEAST_POINTS:
        return [], f"Importance needs {LEAST_POINTS} recipes with scores; there {_are(len(points))}."
    return [], "Importance needs two settings that differ between recipes."


def _importances(swept: Swept, points: Sequence[Point], at: int) -> SweepImportances:
    """Those for the objective at this place."""
    found = setting_importances(swept.asked.space.dimensions, [(point.settings, point.values[at]) for point in points])
    rows = [SweepImportance(swept.label(each.path), each.value, each.low, each.high) for each in found]
    return SweepImportances(swept.sought[at], rows)


def _in_one_order(found: Sequence[SweepImportances]) -> list[SweepImportances]:
    """The settings in the order of the first objective, so that the bars of all stand in the same places."""
    places = {setting.title: place for place, setting in enumerate(found[0].settings)}
    return [replace(each, settings=sorted(each.settings, key=lambda one: places[one.title])) for each in found]


def _are(count: int) -> str:
    return f"{'is' if count == 1 else 'are'} {counted(count, 'recipe')}"
