"""The live charts: what moves with the knobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from mergelab.analysis.preview import Pairs, Preview, halving, pairs_in
from mergelab.analysis.sketch import operating_point
from mergelab.charts import (
    RATES,
    conflict_heatmap,
    conflict_matrix,
    conflict_summary,
    cosine_matrix,
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
from mergelab.ui.form.figure_words import word_of
from mergelab.ui.form.form import OWNERS, KnobPlace
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import (
    CellTitle,
    Charts,
    CurvePosition,
    ExpertRow,
    HeatmapChart,
    HeatmapRate,
    HistogramChart,
    KeptChart,
    KeyNumber,
    LegendEntry,
    NarrowedCell,
    PairsChart,
    TensorTitle,
)
from mergelab.ui.session.chart_data import Cell, ChartData
from mergelab.ui.session.render.threshold_line import render_threshold_line

CHIPS = {"preview": word_of("estimated"), "exact": word_of("measured"), "unknown": "no estimate"}
"""The words beside the headings of the live charts."""


def render_charts(data: ChartData) -> Charts:
    """Charts, numbers, the threshold line and the position on the curves."""
    shown, line = data.preview, render_threshold_line(data)
    return Charts(
        label=shown.label,  # type: ignore[arg-type]
        chip=CHIPS[shown.label],
        remark=shown.remark,
        name=data.name,
        digest=data.recipe.digest(),
        models=f"{data.models.base} · {counted(len(shown.experts), 'expert')} · {data.recipe.rule.title}",
        heatmap=_heatmap(shown),
        histogram=_histogram(data, has_line=line is not None),
        pairs=_pairs(data),
        kept=_kept(data),
        numbers=[KeyNumber(number.name, number.text, number.help) for number in shown.numbers],
        legend=_legend(data),
        experts=_experts(data),
        line=line,
        at=_narrowed_cell(data),
        cells=_cells(shown),
        now=_position(data),
    )


def name_of(cell: Cell) -> str:
    """`layer 3, query`."""
    return f"{layer_name(cell[0])}, {module_name(cell[1])}"


def _heatmap(shown: Preview) -> HeatmapChart:
    known = bool(shown.cells["conflict"].notna().any())
    summary = shown.remark if shown.label == "unknown" else conflict_summary(shown.cells)
    grids = {name: grid(shown.cells, name) for name in RATES}
    rates = {name: HeatmapRate(RATES[name].title, found["z"], found["text"]) for name, found in grids.items()}
    return HeatmapChart(conflict_heatmap(shown.cells), rates, summary, "" if known else summary)


def _histogram(data: ChartData, has_line: bool) -> HistogramChart:
    shown, titles = data.preview, data.models.titles
    notice = shown.notice or "No expert changed anything here, so there is no line."
    if has_line:
        notice = "Changes left of the line are dropped. Drag the line to set the density."
    figure = magnitude_histogram(shown.histogram, shown.experts, titles, data.models.places)
    return HistogramChart(figure, histogram_summary(shown.experts, titles), notice)


def _pairs(data: ChartData) -> PairsChart:
    found: Pairs = pairs_in(data.figures, data.sketch.experts)
    titles = data.models.titles
    alone = "Pairs need at least two experts." if len(found.experts) < 2 else ""
    return PairsChart(
        conflict_matrix(found, titles), cosine_matrix(found, titles), alone or pairs_summary(found, titles), alone
    )


def _kept(data: ChartData) -> KeptChart:
    kept, titles = data.preview.kept, data.models.titles
    return KeptChart(kept_heatmap(kept, titles), kept_summary(kept, titles), "")


def _legend(data: ChartData) -> list[LegendEntry]:
    return [_legend_entry(row, data) for row in rows_of(data.preview.experts)]


def _legend_entry(row: Mapping[str, Any], data: ChartData) -> LegendEntry:
    title, look = _title(row, data), style_of(data.models.places.get(row["expert"], 0))
    return LegendEntry(title, look.colour, look.dash, None if numpy.isnan(row["kept"]) else row["kept"])


def _experts(data: ChartData) -> list[ExpertRow]:
    """How far each expert went, how much of that is kept, and how much of the merged delta points its way."""
    place = operating_point(data.recipe).position
    return [_expert_row(row, data, place) for row in rows_of(data.preview.experts)]


def _expert_row(row: Mapping[str, Any], data: ChartData, place: float) -> ExpertRow:
    cosine = numpy.interp(place, data.curves["place"], data.curves[f"cosine {row['expert']}"])
    cells = [f"{row['norm']:.3g}", percent(row["kept"], 1), percent(row["mass"], 1), _cosine(float(cosine))]
    return ExpertRow(_title(row, data), style_of(data.models.places.get(row["expert"], 0)).colour, cells)


def _title(row: Mapping[str, Any], data: ChartData) -> str:
    return data.models.titles.get(row["expert"], row["expert"])


def _cosine(value: float) -> str:
    return "–" if numpy.isnan(value) else f"{value:.3f}"


def _cells(shown: Preview) -> list[CellTitle]:
    """Every cell, strongest conflict first."""
    ordered = shown.cells.sort_values("conflict", ascending=False, kind="stable", na_position="last")
    return [_cell_title((row["layer"], row["module"]), row["conflict"]) for row in rows_of(ordered)]


def _cell_title(cell: Cell, conflict: float) -> CellTitle:
    return CellTitle(*cell, f"{name_of(cell)} · {percent(conflict)}")


def _narrowed_cell(data: ChartData) -> NarrowedCell | None:
    if data.at is None:
        return None
    sketch = data.sketch
    cells = zip(sketch.layers, sketch.modules, sketch.keys, sketch.shapes, strict=True)
    tensors = [TensorTitle(key, shape) for *cell, key, shape in cells if tuple(cell) == data.at]
    return NarrowedCell(*data.at, name_of(data.at), tensors)


def _position(data: ChartData) -> CurvePosition:
    """The position on the curves, the knob that moves it, and the density that halves the conflict."""
    point, label = operating_point(data.recipe), data.preview.label
    if point.control is None or label == "unknown":
        return CurvePosition(None if label == "unknown" else point.position, None, None, None, "")
    owner, name = point.control.split(".", 1)
    rule = getattr(data.recipe, owner).name
    (knob,) = (each for each in OWNERS[owner][rule].knobs if each.name == name)
    step: float = knob.domain.describe()["step"]  # type: ignore[assignment]
    half = halving(data.curves, point.position, float(step))
    return CurvePosition(
        point.position, KnobPlace(owner, rule, name).elem_id, half, step, _advice(data, point.position, half)
    )


def _advice(data: ChartData, place: float, half: float | None) -> str:
    known = data.curves
    now, there = (float(numpy.interp(at or 0, known["place"], known["conflict_of_all"])) for at in (place, half))
    if numpy.isnan(now) or now == 0:
        return "No entry conflicts at this density."
    said = f"At density {place:.3g}, {percent(now, 1)} of all entries conflict."
    return said if half is None else f"{said} At {half:.3g} it is half of that, {percent(there, 1)}."
