"""The threshold line of the histogram: its knob, and what the browser needs to move it by itself."""

from __future__ import annotations

import numpy

from mergelab.analysis.preview import histogram
from mergelab.charts import style_of
from mergelab.ui.form.form import OWNERS, KnobPlace
from mergelab.ui.form.labels import title_of
from mergelab.ui.messages import ThresholdLine
from mergelab.ui.session.chart_data import ChartData


def render_threshold_line(data: ChartData) -> ThresholdLine | None:
    """The line; None where no magnitude of an expert separates kept from dropped changes.

    `edges` and `shares` cover the whole model, because it ranks magnitudes, even if the charts are narrowed to a cell.
    """
    shown = data.preview
    if shown.knob is None or (shown.experts["threshold"].isna().all() and _value(data) > 0):
        return None
    owner, name = shown.knob.split(".", 1)
    step, whole = getattr(data.recipe, owner), histogram(data.sketch)
    ends = next(knob for knob in OWNERS[owner][step.name].knobs if knob.name == name).domain.describe()
    return ThresholdLine(
        key=" ".join(expert.model for expert in data.recipe.models),
        elem_id=KnobPlace(owner, step.name, name).elem_id,
        title=title_of(name),
        value=step.knobs[name],
        low=ends["low"],  # type: ignore[arg-type]
        high=ends["high"],  # type: ignore[arg-type]
        step=ends["step"],  # type: ignore[arg-type]
        edges=whole.edges.tolist(),
        shares=(whole.shares * numpy.diff(whole.edges)).tolist(),
        thresholds=_thresholds(data),
        colours=_colours(data),
    )


def _thresholds(data: ChartData) -> list[float | None]:
    """By expert: log10 of the threshold; None where everything or nothing is kept."""
    found = data.preview.experts["threshold"]
    return [float(numpy.log10(at)) if at > 0 else None for at in found]


def _colours(data: ChartData) -> list[str]:
    places = data.models.places
    return [style_of(places.get(expert, row)).colour for row, expert in enumerate(data.preview.experts["expert"])]


def _value(data: ChartData) -> float:
    owner, name = str(data.preview.knob).split(".", 1)
    return float(getattr(data.recipe, owner).knobs[name])
