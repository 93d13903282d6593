"""The threshold line of the histogram: the knob that it stands for, and what the browser needs to move it by itself."""

from __future__ import annotations

from typing import Any

import numpy

from mergelab.analysis.preview import histogram
from mergelab.charts import style_of
from mergelab.ui.form.form import OWNERS, KnobPlace
from mergelab.ui.form.labels import title_of
from mergelab.ui.session.messages import Charts


def line_data(charts: Charts) -> dict[str, Any] | None:
    """The line as JSON; None where no magnitude of an expert separates what is kept from what is dropped.

    `edges` and `shares` are of the whole model, which ranks magnitudes, whatever the charts are narrowed to.
    """
    shown = charts.preview
    if shown.knob is None or (shown.experts["threshold"].isna().all() and _value(charts) > 0):
        return None
    owner, name = shown.knob.split(".", 1)
    step, whole = getattr(charts.recipe, owner), histogram(charts.sketch)
    knob = next(knob for knob in OWNERS[owner][step.name].knobs if knob.name == name)
    places = charts.models.places
    return {
        "key": " ".join(expert.model for expert in charts.recipe.models),
        "elem_id": KnobPlace(owner, step.name, name).elem_id,
        "title": title_of(name),
        "value": step.knobs[name],
        **{end: knob.domain.describe()[end] for end in ("low", "high", "step")},
        "edges": whole.edges.tolist(),
        "shares": (whole.shares * numpy.diff(whole.edges)).tolist(),
        "thresholds": [
            None if numpy.isnan(at) else float(numpy.log10(at))
            for at in shown.experts["threshold"].where(lambda at: at > 0)
        ],
        "colours": [style_of(places.get(expert, row)).colour for row, expert in enumerate(shown.experts["expert"])],
    }


def _value(charts: Charts) -> float:
    owner, name = str(charts.preview.knob).split(".", 1)
    return float(getattr(charts.recipe, owner).knobs[name])
