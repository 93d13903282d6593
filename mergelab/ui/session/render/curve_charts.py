"""The curves over every density."""

from __future__ import annotations

import numpy
import pandas

from mergelab.analysis.sketch import drops, operating_point
from mergelab.charts import LINES, Picture, cosine_curves, cosines, density_curves, dots_at, percent
from mergelab.ui.messages import CurveLine, CurvesMessage, PinnedCurves
from mergelab.ui.session.chart_data import ChartData
from mergelab.ui.session.render.cards import ALONE, combines_plainly, has_pairs

RING, DOT = "circle-open", "circle"
"""Where the pinned recipe stands, and where the other one does."""
DROPS_NOTHING = "Not applicable: this recipe drops nothing, so it has no density."
NO_CURVES = "No curves: these settings differ between layers or experts, or keep changes by a rule of their own."


def render_curves(data: ChartData) -> CurvesMessage:
    """The curves, with those of the pinned recipe behind them."""
    pictures = curve_pictures(data)
    if not has_pairs(data.recipe):
        return CurvesMessage(None, None, "", ALONE, [], None)
    if not drops(data.recipe):
        return CurvesMessage(None, None, "", DROPS_NOTHING, [], None)
    if pictures is None:
        return CurvesMessage(None, None, NO_CURVES, NO_CURVES, [], None)
    back = curve_pictures(data.behind) if data.behind else None
    if data.behind and back:
        place = place_of(data.behind)
        pictures = drawn_behind(pictures[0], back[0], place), _cosines_behind(pictures[1], back[1], place)
    lines = [CurveLine(name, line.title, line.role, line.dash, line.help) for name, line in LINES.items()]
    return CurvesMessage(*pictures, _summary(data.curves), "", lines, _pinned(data))


def _pinned(data: ChartData) -> PinnedCurves | None:
    behind = data.behind
    if behind is None:
        return None
    return PinnedCurves(behind.title, behind.run, place_of(behind), has_same_curves(data, behind))


def place_of(data: ChartData) -> float | None:
    """Where a recipe stands on its curves; None if nobody knows."""
    return None if data.preview.label == "unknown" else operating_point(data.recipe).position


def has_same_curves(one: ChartData, other: ChartData) -> bool:
    """Whether two recipes differ only in where they stand on the curves."""
    return one.curves is other.curves or one.curves.equals(other.curves)


def curve_pictures(data: ChartData) -> tuple[Picture, Picture | None] | None:
    """The overview and the cosine by expert, which needs a method that declares how it combines changes; None where these
    settings have no curve."""
    known, models = data.curves, data.models
    if len(known) < 2 or known["conflict"].isna().all():
        return None
    has_knob = operating_point(data.recipe).control is not None
    axis = "density: share of each change that is kept" if has_knob else "share of each change that is kept"
    if not combines_plainly(data.recipe):
        return density_curves(known.drop(columns=cosines(known)), axis), None
    return density_curves(known, axis), cosine_curves(known, axis, models.titles, models.places)


def _cosines_behind(front: Picture | None, back: Picture | None, place: float | None) -> Picture | None:
    """The cosines with another recipe's behind, as far as both have any."""
    return drawn_behind(front, back, place) if front and back else front


def drawn_behind(front: Picture, back: Picture, place: float | None = None) -> Picture:
    """A picture with another one's lines, faint, behind its own, and a ring on each of them at `place`: equal lines hide them,
    but not the rings."""
    faint = [
        {
            **trace,
            "opacity": 0.35,
            "name": f"{trace['name']}, pinned",
            "hoverinfo": "skip",
            "hovertemplate": None,
            "meta": {**trace["meta"], "pinned": True},
        }
        for trace in back.data
    ]
    rings = [] if place is None else dots_at(back, place, RING)
    return Picture([*faint, *front.data, *rings], front.layout)


def _summary(known: pandas.DataFrame) -> str:
    worst = known.iloc[int(numpy.nanargmax(known["conflict"]))]
    return (
        f"With everything kept, {percent(known['conflict_of_all'].iloc[-1])} of all weights conflict. Conflict among shared "
        f"weights is highest, {percent(worst['conflict'])}, where {percent(worst['place'], 1)} of each change is kept."
    )
