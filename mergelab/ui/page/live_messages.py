"""What the Lab's live charts are sent, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
import pandas

from mergelab.analysis.preview import Pairs, Preview, halving, pairs_in
from mergelab.analysis.sketch import operating_point
from mergelab.charts import (
    LINES,
    RATES,
    Picture,
    conflict_heatmap,
    conflict_matrix,
    conflict_summary,
    cosine_curves,
    cosine_matrix,
    density_curves,
    grid,
    histogram_summary,
    kept_heatmap,
    kept_summary,
    layer_name,
    magnitude_histogram,
    module_name,
    pairs_summary,
    percent,
    rows_of,
    style_of,
)
from mergelab.ui.form.form import OWNERS, KnobPlace
from mergelab.ui.form.labels import counted
from mergelab.ui.page.threshold import line_data
from mergelab.ui.session.messages import Cell, Charts

CHIPS = {"preview": "preview", "exact": "exact", "unknown": "no preview"}
"""What stands beside the headings of the live charts."""
NO_CURVES = (
    "There is no curve here: these settings differ between layers or experts, or keep entries in a way of their own."
)


def charts_data(charts: Charts) -> dict[str, Any]:
    """All that moves with the knobs: charts, numbers, the threshold line and the place on the curves."""
    shown, models = charts.preview, charts.models
    line = line_data(charts)
    return {
        "label": shown.label,
        "chip": CHIPS[shown.label],
        "remark": shown.remark,
        "name": charts.name,
        "digest": charts.recipe.digest(),
        "models": f"{models.base} · {counted(len(shown.experts), 'expert')} · {charts.recipe.rule.title}",
        "heatmap": _heatmap(shown),
        "histogram": _histogram(charts, line),
        **_matrices(charts),
        "numbers": [{"name": number.name, "text": number.text, "help": number.help} for number in shown.numbers],
        "legend": [_legend(row, models.places, models.titles) for row in rows_of(shown.experts)],
        "experts": _experts(charts),
        "line": line,
        "at": _at(charts),
        "cells": _cells(shown),
        "now": _now(charts),
    }


def _heatmap(shown: Preview) -> dict[str, Any]:
    known = bool(shown.cells["conflict"].notna().any())
    summary = shown.remark if shown.label == "unknown" else conflict_summary(shown.cells)
    rates = {name: {"title": rate.title, **_values(shown.cells, name)} for name, rate in RATES.items()}
    return {
        "figure": vars(conflict_heatmap(shown.cells)),
        "rates": rates,
        "summary": summary,
        "empty": "" if known else summary,
    }


def _values(cells: pandas.DataFrame, rate: str) -> dict[str, Any]:
    found = grid(cells, rate)
    return {"z": found["z"], "text": found["text"]}


def _histogram(charts: Charts, line: object) -> dict[str, Any]:
    shown, titles = charts.preview, charts.models.titles
    notice = shown.notice or "No expert changed anything here, so there is no line."
    if line:
        notice = "Changes left of the line are dropped, right of it kept. Drag the line: it is the slider."
    return {
        "figure": vars(magnitude_histogram(shown.histogram, shown.experts, titles, charts.models.places)),
        "summary": histogram_summary(shown.experts, titles),
        "notice": notice,
    }


def _matrices(charts: Charts) -> dict[str, Any]:
    shown, titles = charts.preview, charts.models.titles
    found: Pairs = pairs_in(charts.figures, charts.sketch.experts)
    alone = "One expert alone disagrees with nobody." if len(found.experts) < 2 else ""
    return {
        "pairs": {
            "figure": vars(conflict_matrix(found, titles)),
            "cosines": vars(cosine_matrix(found, titles)),
            "summary": alone or pairs_summary(found, titles),
            "empty": alone,
        },
        "kept": {
            "figure": vars(kept_heatmap(shown.kept, titles)),
            "summary": kept_summary(shown.kept, titles),
            "empty": "",
        },
    }


def _legend(row: Mapping[str, Any], places: Mapping[str, int], titles: Mapping[str, str]) -> dict[str, Any]:
    look = style_of(places.get(row["expert"], 0))
    return {
        "title": titles.get(row["expert"], row["expert"]),
        "colour": look.colour,
        "dash": look.dash,
        "kept": None if numpy.isnan(row["kept"]) else float(row["kept"]),
    }


def _experts(charts: Charts) -> list[dict[str, Any]]:
    """The table of experts: how far each went, what is kept of it, how much of the merged delta points its way."""
    places, titles = charts.models.places, charts.models.titles
    curves, place = charts.curves, operating_point(charts.recipe).position
    return [
        {
            "title": titles.get(row["expert"], row["expert"]),
            "colour": style_of(places.get(row["expert"], 0)).colour,
            "cells": [
                f"{row['norm']:.3g}",
                percent(row["kept"], 1),
                percent(row["mass"], 1),
                _plain(numpy.interp(place, curves["place"], curves[f"cosine {row['expert']}"])),
            ],
        }
        for row in rows_of(charts.preview.experts)
    ]


def _plain(value: float) -> str:
    return "–" if numpy.isnan(value) else f"{value:.3f}"


def _cells(shown: Preview) -> list[dict[str, Any]]:
    """Every cell by name, those that conflict most first."""
    ordered = shown.cells.sort_values("conflict", ascending=False, kind="stable", na_position="last")
    return [
        {
            "layer": cell["layer"],
            "module": cell["module"],
            "title": f"{name_of((cell['layer'], cell['module']))} · {percent(cell['conflict'])}",
        }
        for cell in rows_of(ordered)
    ]


def name_of(cell: Cell) -> str:
    """`layer 3, query`."""
    return f"{layer_name(cell[0])}, {module_name(cell[1])}"


def _at(charts: Charts) -> dict[str, Any] | None:
    """The cell that the charts are narrowed to, and its tensors."""
    if charts.at is None:
        return None
    cells = zip(charts.sketch.layers, charts.sketch.modules, charts.sketch.keys, charts.sketch.shapes, strict=True)
    tensors = [{"key": key, "shape": shape} for *cell, key, shape in cells if tuple(cell) == charts.at]
    return {"layer": charts.at[0], "module": charts.at[1], "title": name_of(charts.at), "tensors": tensors}


def _now(charts: Charts) -> dict[str, Any]:
    """The place on the curves, the knob that turns it, and where conflict would be half of what it is."""
    cut, found = operating_point(charts.recipe), charts.preview.label
    if cut.control is None or found == "unknown":
        return {"place": None if found == "unknown" else cut.position, "dial": None, "half": None, "advice": ""}
    owner, name = cut.control.split(".", 1)
    rule = getattr(charts.recipe, owner).name
    (knob,) = (each for each in OWNERS[owner][rule].knobs if each.name == name)
    half = halving(charts.curves, cut.position, float(knob.domain.describe()["step"]))  # type: ignore[arg-type]
    return {
        "place": cut.position,
        "dial": KnobPlace(owner, rule, name).elem_id,
        "half": half,
        "step": knob.domain.describe()["step"],
        "advice": _advice(charts, cut.position, half),
    }


def _advice(charts: Charts, place: float, half: float | None) -> str:
    known = charts.curves
    now, there = (float(numpy.interp(at or 0, known["place"], known["conflict_of_all"])) for at in (place, half))
    if numpy.isnan(now) or now == 0:
        return "No entry conflicts at this density."
    said = f"At density {place:.3g} the signs of {percent(now, 1)} of all entries conflict."
    return said if half is None else f"{said} At {half:.3g} it is half of that, {percent(there, 1)}."


def curves_data(charts: Charts) -> dict[str, Any]:
    """The curves over all densities, with those of the pinned recipe behind."""
    pictures = curve_pictures(charts)
    if pictures is None:
        return {"figure": None, "cosines": None, "summary": NO_CURVES, "empty": NO_CURVES, "lines": [], "pinned": None}
    back = curve_pictures(charts.behind) if charts.behind else None
    if back:
        pictures = tuple(behind(*both) for both in zip(pictures, back, strict=True))  # type: ignore[assignment]
    return {
        "figure": vars(pictures[0]),
        "cosines": vars(pictures[1]),
        "empty": "",
        "summary": _curve_summary(charts.curves),
        "lines": [{"key": name, **vars(line)} for name, line in LINES.items()],
        "pinned": charts.behind.name if charts.behind else None,
    }


def curve_pictures(charts: Charts) -> tuple[Picture, Picture] | None:
    """The overview and the cosine by expert; None where settings have no curve."""
    if len(charts.curves) < 2 or charts.curves["conflict"].isna().all():
        return None
    axis = (
        "density: share of each delta that is kept"
        if operating_point(charts.recipe).control
        else "survival level that is reached"
    )
    models = charts.models
    return density_curves(charts.curves, axis), cosine_curves(charts.curves, axis, models.titles, models.places)


def behind(front: Picture, back: Picture) -> Picture:
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


def _curve_summary(curves: pandas.DataFrame) -> str:
    worst = curves.iloc[int(numpy.nanargmax(curves["conflict"]))]
    return (
        f"Conflict is largest, {percent(worst['conflict'])}, where {percent(worst['place'], 1)} are kept, "
        f"and {percent(curves['conflict'].iloc[-1])} where everything is."
    )
