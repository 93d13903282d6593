"""The importance of a sweep's settings as messages."""

from __future__ import annotations

from mergelab.jobs.sweeping.sweep_outcome import PointState
from mergelab.sweeps.setting_importance import LEAST_POINTS, setting_importances
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import SweepImportance
from mergelab.ui.session.sweeping.swept import Swept


def sweep_importances(swept: Swept) -> tuple[list[SweepImportance], str]:
    """The importances for the first objective, and what they are computed from or why there are none."""
    points = [point for point in swept.points if point.values and point.state is not PointState.RACING]
    found = setting_importances(swept.asked.space.dimensions, [(point.settings, point.values[0]) for point in points])
    rows = [SweepImportance(swept.label(each.path), each.value, each.low, each.high) for each in found]
    if found:
        return rows, (
            f"How differently a setting is distributed among the best quarter and among all {len(points)} recipes (PED-ANOVA, n = "
            f"{len(points)}), by “{swept.sought[0]}”. Brackets: 95 % over the choice of recipes. It says nothing of recipes"
            " outside the ranges."
        )
    if len(swept.paths) < 2:
        return [], ""
    if len(points) < LEAST_POINTS:
        return [], f"Importance needs {LEAST_POINTS} recipes with scores; there {_are(len(points))}."
    return [], "Importance needs two settings that differ between recipes."


def _are(count: int) -> str:
    return f"{'is' if count == 1 else 'are'} {counted(count, 'recipe')}"
