"""The live charts: what moves with the knobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy

from mergelab.analysis.preview import Pairs, Preview, clashing_cells, halving, pairs_in
from mergelab.analysis.sketch import drops, operating_point
from mergelab.charts import (
    RATES,
    Picture,
    brief_names,
    by_conflict,
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
    shares_map,
    shares_summary,
    style_of,
)
from mergelab.ui.form.figure_words import word_of
from mergelab.ui.form.form import OWNERS, KnobPlace
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import (
    CellTitle,
    Charts,
    CurvePosition,
    ExpertColumn,
    ExpertRow,
    ExpertTable,
    HeatmapChart,
    HeatmapLook,
    HeatmapRate,
    HistogramChart,
    KeptChart,
    KeyNumber,
    LegendEntry,
    NarrowedCell,
    PairsChart,
    SharesChart,
    TensorTitle,
)
from mergelab.ui.session.chart_data import Cell, ChartData
from mergelab.ui.session.render.cards import AFTER_MERGE, ALONE, combines_plainly, has_pairs, hidden_cards, shows_number
from mergelab.ui.session.render.threshold_line import render_threshold_line

MOST_LETTERS = 28
"""The longest name of an expert in the table."""
CHANGES = "Share of the summed change, by expert weight times size. Each cell has the colour of the largest share."
STRENGTHS = "Each expert’s average share of the mean. Each cell has the colour of the expert that counts most there."
MOVED = "How far each expert moved from the base."
OUTVOTED = "Cosine between the merged change and the expert’s own: much lower than the rest means outvoted."
NORM = ExpertColumn("‖Δ‖", "length of the whole change, expert − base")
KEPT = ExpertColumn("Kept", "share of its weights that survive, in tensors that any expert changed")
ENERGY = ExpertColumn("Energy kept", "share of ‖Δ‖² that survives")
COSINE = ExpertColumn("Cosine", "of the merged change with the expert’s whole change")
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
        recipe=data.title,
        models=f"{data.models.base} · {counted(len(shown.experts), 'expert')}",
        heatmap=_heatmap(data),
        histogram=_histogram(data, has_line=line is not None),
        pairs=_pairs(data),
        kept=_kept(data),
        shares=_shares(data),
        hidden=hidden_cards(data.recipe),
        numbers=_numbers(data),
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


def _numbers(data: ChartData) -> list[KeyNumber]:
    shown = [number for number in data.preview.numbers if shows_number(number.name, data.recipe)]
    return [KeyNumber(number.name, number.text, number.help) for number in shown]


def _heatmap(data: ChartData) -> HeatmapChart:
    shown = data.preview
    known = bool(shown.cells["conflict"].notna().any())
    summary = shown.remark if shown.label == "unknown" else conflict_summary(shown.cells)
    rates = {name: _rate(name, grid(shown.cells, name)) for name in RATES}
    empty = "" if known else summary
    return HeatmapChart(conflict_heatmap(shown.cells), rates, summary, empty if has_pairs(data.recipe) else ALONE)


def _rate(name: str, found: Mapping[str, Any]) -> HeatmapRate:
    return HeatmapRate(RATES[name].title, found["z"], found["text"], HeatmapLook(**found["meta"]))


def _histogram(data: ChartData, has_line: bool) -> HistogramChart:
    shown, titles = data.preview, data.models.titles
    notice = shown.notice or "No expert changes anything here, so there is no line."
    if has_line:
        notice = "Changes left of the line are dropped. Drag it to set the density."
    figure = magnitude_histogram(shown.histogram, shown.experts, titles, data.models.places)
    return HistogramChart(figure, histogram_summary(shown.experts, titles), notice)


def _pairs(data: ChartData) -> PairsChart:
    found: Pairs = pairs_in(data.figures, data.sketch.experts)
    titles, cells = data.models.titles, clashing_cells(data.preview.figures, data.sketch)
    alone = "" if has_pairs(data.recipe) else ALONE
    return PairsChart(
        conflict_matrix(found, titles, cells),
        cosine_matrix(found, titles, cells),
        [(name, titles.get(name, name)) for name in found.experts],
        alone or pairs_summary(found, titles),
        alone,
    )


def _kept(data: ChartData) -> KeptChart:
    kept, titles = data.preview.kept, data.models.titles
    return KeptChart(kept_heatmap(kept, titles), kept_summary(kept, titles), "")


def _shares(data: ChartData) -> SharesChart:
    """Empty until a merge has computed what the shares follow from."""
    models, shares = data.models, data.preview.shares
    by_strength = data.recipe.rule.strengths is not None
    title = f"Which expert counts where ({data.recipe.rule.title})" if by_strength else "Which expert counts where"
    even = f" An even share is {percent(1 / max(len(data.preview.experts), 1))}."
    of = (STRENGTHS if by_strength else CHANGES) + even
    if shares is None:
        return SharesChart(Picture([], {}), title, of, [], "", AFTER_MERGE)
    legend = [replace(entry, kept=None) for entry in _legend(data)]
    summary = shares_summary(shares, models.titles)
    return SharesChart(shares_map(shares, models.titles, models.places), title, of, legend, summary, "")


def _legend(data: ChartData) -> list[LegendEntry]:
    return [_legend_entry(row, data) for row in rows_of(data.preview.experts)]


def _legend_entry(row: Mapping[str, Any], data: ChartData) -> LegendEntry:
    title, look = _title(row, data), style_of(data.models.places.get(row["expert"], 0))
    told = drops(data.recipe) and not numpy.isnan(row["kept"])
    return LegendEntry(title, look.colour, look.dash, row["kept"] if told else None)


def _experts(data: ChartData) -> ExpertTable:
    """How far each expert went, how much of that is kept, and how much of the merged change points its way."""
    found = rows_of(data.preview.experts)
    columns = _columns(data)
    names = brief_names([_title(row, data) for row in found], MOST_LETTERS)
    rows = [
        ExpertRow(name, _colour(row, data), _title(row, data), [tell(row) for tell in columns.values()])
        for name, row in zip(names, found, strict=True)
    ]
    return ExpertTable(list(columns), rows, f"{MOVED} {OUTVOTED}" if COSINE in columns else MOVED)


def _columns(data: ChartData) -> dict[ExpertColumn, Callable[[Mapping[str, Any]], str]]:
    """The columns that say something about the recipe, with the function that gives an expert's figure."""
    place, known = operating_point(data.recipe).position, data.curves
    columns: dict[ExpertColumn, Callable[[Mapping[str, Any]], str]] = {NORM: lambda row: f"{row['norm']:.3g}"}
    if drops(data.recipe):
        columns |= {KEPT: lambda row: percent(row["kept"], 1), ENERGY: lambda row: percent(row["mass"], 1)}
    if combines_plainly(data.recipe):
        columns[COSINE] = lambda row: _cosine(
            float(numpy.interp(place, known["place"], known[f"cosine {row['expert']}"]))
        )
    return columns


def _colour(row: Mapping[str, Any], data: ChartData) -> str:
    return style_of(data.models.places.get(row["expert"], 0)).colour


def _title(row: Mapping[str, Any], data: ChartData) -> str:
    return data.models.titles.get(row["expert"], row["expert"])


def _cosine(value: float) -> str:
    return "–" if numpy.isnan(value) else f"{value:.3f}"


def _cells(shown: Preview) -> list[CellTitle]:
    """Every cell, those with most conflicting weights first."""
    return [_cell_title(row) for row in rows_of(by_conflict(shown.cells))]


def _cell_title(row: Mapping[str, Any]) -> CellTitle:
    cell = row["layer"], row["module"]
    if numpy.isnan(row["conflicting"]):
        return CellTitle(*cell, name_of(cell))
    said = f"{row['conflicting']:,.0f} conflicting ({percent(row['conflict_of_all'])})"
    return CellTitle(*cell, f"{name_of(cell)} · {said}")


def _narrowed_cell(data: ChartData) -> NarrowedCell | None:
    if data.at is None:
        return None
    sketch = data.sketch
    cells = zip(sketch.layers, sketch.modules, sketch.keys, sketch.shapes, strict=True)
    tensors = [TensorTitle(key, shape) for *cell, key, shape in cells if tuple(cell) == data.at]
    return NarrowedCell(*data.at, name_of(data.at), tensors)


def _position(data: ChartData) -> CurvePosition:
    """The position on the curves, the knob that moves it, and the density that halves the conflicting weights."""
    point, label = operating_point(data.recipe), data.preview.label
    if point.control is None or label == "unknown":
        return CurvePosition(None if label == "unknown" else point.position, None, None, None, "", "")
    owner, name = point.control.split(".", 1)
    rule = getattr(data.recipe, owner).name
    (knob,) = (each for each in OWNERS[owner][rule].knobs if each.name == name)
    step: float = knob.domain.describe()["step"]  # type: ignore[assignment]
    half = halving(data.curves, point.position, float(step))
    dial, words = KnobPlace(owner, rule, name).elem_id, _halving_words(data, point.position, half)
    return CurvePosition(point.position, dial, half, step, *words)


def _halving_words(data: ChartData, place: float, half: float | None) -> tuple[str, str]:
    """What the density `half` would do to the conflicting weights, and what it has done once it is set."""
    known = data.curves
    now, there = (float(numpy.interp(at or 0, known["place"], known["conflict_of_all"])) for at in (place, half))
    if numpy.isnan(now) or now == 0:
        return "No weight conflicts at this density.", ""
    if half is None:
        return f"At density {place:.3g}, {percent(now, 1)} of all weights conflict.", ""
    shares, cut = f"{100 * now:.1f} → {percent(there, 1)}", _cut(round(now, 3), round(there, 3))
    return (
        f"Density {half:.3g} cuts {cut}: {shares}.",
        f"Done: density {half:.3g} instead of {place:.3g} cut {cut}, {shares}. Press u to undo.",
    )


def _cut(now: float, there: float) -> str:
    """By how much conflict falls between two shares as they are shown; a step of density may do more than halve it."""
    return f"the conflicting weights by {percent(1 - there / now, 0)}" if now else "the conflicting weights"
