"""The curves over every density."""

from __future__ import annotations

import numpy
import pandas

from mergelab.analysis.sketch import drops, operating_point
from mergelab.charts import LINES, Picture, cosine_curves, cosines, density_curves, percent
from mergelab.ui.form.labels import title_of
from mergelab.ui.messages import CurveLine, CurvesMessage
from mergelab.ui.session.chart_data import ChartData
from mergelab.ui.session.render.cards import ALONE, combines_plainly, has_pairs

DROPS_NOTHING = "Nothing is dropped before the merge, so there is no density."
NO_CURVES = (
    "There are no curves here: these settings differ between layers or experts, or keep entries by a rule of their own."
)


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
    if back:
        pictures = drawn_behind(pictures[0], back[0]), _cosines_behind(pictures[1], back[1])
    lines = [CurveLine(name, line.title, line.role, line.dash, line.help) for name, line in LINES.items()]
    return CurvesMessage(*pictures, _summary(data.curves), "", lines, _reference(data.behind) if data.behind else None)


def curve_pictures(data: ChartData) -> tuple[Picture, Picture | None] | None:
    """The overview and the cosine by expert, which needs a method that declares how it combines changes; None where these
    settings have no curve."""
    known, models = data.curves, data.models
    if len(known) < 2 or known["conflict"].isna().all():
        return None
    has_knob = operating_point(data.recipe).control is not None
    axis = "density: share of each change that is kept" if has_knob else "survival level that is reached"
    if not combines_plainly(data.recipe):
        return density_curves(known.drop(columns=cosines(known)), axis), None
    return density_curves(known, axis), cosine_curves(known, axis, models.titles, models.places)


def _cosines_behind(front: Picture | None, back: Picture | None) -> Picture | None:
    """The cosines with another recipe's behind, as far as both have any."""
    return drawn_behind(front, back) if front and back else front


def drawn_behind(front: Picture, back: Picture) -> Picture:
    """A picture with another one's lines, faint, behind its own."""
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
    return Picture([*faint, *front.data], front.layout)


def _reference(data: ChartData) -> str:
    """A pinned recipe by its method, and the knob that places it on the curves."""
    point = operating_point(data.recipe)
    where = f", {title_of(point.control.rpartition('.')[2]).lower()} {point.position:.3g}" if point.control else ""
    return f"{data.recipe.rule.title}{where}"


def _summary(known: pandas.DataFrame) -> str:
    worst = known.iloc[int(numpy.nanargmax(known["conflict"]))]
    return (
        f"With everything kept, {percent(known['conflict_of_all'].iloc[-1])} of all weights conflict. Conflict among shared "
        f"weights is highest, {percent(worst['conflict'])}, where {percent(worst['place'], 1)} of each change is kept."
    )
