"""The points of a sweep as messages."""

from __future__ import annotations

from mergelab.ui.messages import SweepPoint
from mergelab.ui.session.sweeping.point_figure import point_figure
from mergelab.ui.session.sweeping.swept import STATES, Swept


def rendered_points(swept: Swept, share: int = 100) -> list[SweepPoint]:
    """Each point with its settings and its figures on validation rows; the best `share` per cent are shown."""
    shown = {point.number for point in swept.top(share)}
    objectives = swept.asked.objectives
    return [
        SweepPoint(
            point.number + 1,
            STATES[point.state],
            [swept.text(point, path) for path in swept.paths],
            point.values[0] if point.values else None,
            [figure.text for at in range(len(objectives)) if (figure := point_figure(point, objectives, at))],
            point.error,
            point.n,
            point.number in swept.best,
            swept.outcome is not None and point.number in swept.outcome.alike,
            point.number in shown or share == 100,
            point.recipe.to_yaml() if point.recipe else "",
        )
        for point in swept.points
    ]
