"""Figures from data frames: what is drawn, in which colours, with which words. Nothing here reads a weight.

Text, grid and background colours are left to the page, which knows its theme; a trace whose colour follows the theme
carries `meta={"role": …}`. Every label passes through `plain`, because plotly renders a little HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy
import pandas
import plotly.graph_objects as go

if TYPE_CHECKING:
    from mergelab.diagnostics import Histogram


@dataclass(frozen=True)
class Style:
    """How one expert looks in every chart."""

    colour: str
    dash: str


STYLES = tuple(
    Style(colour, dash)
    for colour, dash in (
        ("#0072B2", "solid"), ("#E69F00", "6px,2px"), ("#009E73", "2px,2px"), ("#CC6FA3", "8px,2px,2px,2px"),
        ("#56B4E9", "10px,3px"), ("#B5542B", "4px,4px"), ("#8A7A2E", "12px,3px,3px,3px"), ("#7A7F87", "1px,3px"),
    )
)  # fmt: skip
"""Okabe and Ito's colours, told apart by dashes as well; the order is the suite's, so a colour never changes owner."""

HEAT = ((0.0, "#f3f1fa"), (0.25, "#cfc8ee"), (0.5, "#9d8fdc"), (0.75, "#6650bd"), (1.0, "#33217c"))
INK, MUTED = "#22242b", "#a3a8b3"
MAX_LABELLED_CELLS = 150
PARTS = ("word", "patch", "class", "position", "type", "query", "key", "value", "qkv", "output", "up", "gate", "gate_up", "down", "norm")
"""Modules from left to right, in the order in which a block computes them."""
SHARED = ("output", "norm")


def style_of(place: int) -> Style:
    """The look of the expert at that place of its suite."""
    return STYLES[place % len(STYLES)]


def plain(text: object) -> str:
    """Text that plotly cannot take for markup."""
    return str(text).replace("<", "‹").replace(">", "›")


def percent(share: float, digits: int = 0) -> str:
    """`31 %`, or a dash where the share is undefined."""
    return "–" if numpy.isnan(share) else f"{100 * share:.{digits}f} %"


def conflict_heatmap(cells: pandas.DataFrame) -> go.Figure:
    """Layers down, modules across, colour = share of overlapping entries whose signs disagree, always on 0 to 1.

    `cells` has layer, module, entries, conflict, coactive; a pair of layer and module that does not exist stays empty.
    """
    layers, modules = list(dict.fromkeys(cells["layer"])), sorted(dict.fromkeys(cells["module"]), key=_module_place)
    grid = cells.set_index(["layer", "module"])
    words = grid.apply(_cell_words, axis=1)
    names = [(layer, module) for layer in layers for module in modules]
    shape = (len(layers), len(modules))
    conflict = numpy.reshape([grid["conflict"].get(name, numpy.nan) for name in names], shape)
    hover = numpy.reshape([words.get(name, "") for name in names], shape)
    heatmap = go.Heatmap(
        z=_holes(conflict), x=[_module_name(module) for module in modules], y=[_layer_name(layer) for layer in layers], text=hover.tolist(),
        hovertemplate="%{text}<extra></extra>", hoverongaps=False, zmin=0, zmax=1, colorscale=HEAT, xgap=2, ygap=2,
        texttemplate="%{z:.0%}" if conflict.size <= MAX_LABELLED_CELLS else None, textfont={"size": 11},
        colorbar={"thickness": 8, "len": 1, "outlinewidth": 0, "tickformat": ".0%", "tickvals": [0, 0.5, 1], "x": 1.01},
    )  # fmt: skip
    figure = go.Figure(heatmap, _frame(margin={"l": 8, "r": 8, "t": 6, "b": 8}))
    figure.update_xaxes(side="bottom", automargin=True, showgrid=False, type="category", tickfont={"size": 11})
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, type="category", tickfont={"size": 11})
    return figure


def _module_place(module: str) -> tuple[int, int]:
    """Outside the blocks first, then attention, then the rest, each in the order of computation."""
    group, _, part = module.rpartition(".")
    groups = ("", "attention", "cross", "mlp")
    return (groups.index(group) if group in groups else len(groups), PARTS.index(part) if part in PARTS else len(PARTS))


def _module_name(module: str) -> str:
    """`query` for attention.query; what several parts of a block have keeps its part's name: `attn norm`, `mlp norm`."""
    group, _, part = plain(module).rpartition(".")
    return f"{group.replace('attention', 'attn')} {part}".strip() if part in SHARED else part


def _layer_name(layer: str) -> str:
    return f"layer {layer}" if layer.isdigit() else plain(layer)


def _cell_words(cell: pandas.Series) -> str:
    layer, module = cell.name  # type: ignore[misc]
    overlapping = round(cell["coactive"] * cell["entries"])
    where = f"{_layer_name(layer)}, {plain(module)}"
    if numpy.isnan(cell["conflict"]):
        return f"{where}: no entry is kept by two experts ({cell['entries']:,.0f} entries)"
    return f"{where}: {percent(cell['conflict'])} of {overlapping:,} overlapping entries disagree<br>({cell['entries']:,.0f} entries in all)"


def magnitude_histogram(
    histogram: Histogram, experts: pandas.DataFrame, titles: Mapping[str, str], places: Mapping[str, int]
) -> go.Figure:
    """One step line an expert over log10 |delta|; the area under a line is 1, right of its threshold its density.

    `experts` has expert and threshold (NaN draws no line); `titles` and `places` are by expert.
    """
    figure = go.Figure(layout=_frame(margin={"l": 8, "r": 12, "t": 6, "b": 8}))
    for row, expert in enumerate(experts["expert"]):
        look = style_of(places.get(expert, row))
        figure.add_scatter(
            x=histogram.edges[:-1].tolist(), y=histogram.shares[row].tolist(), name=plain(titles.get(expert, expert)), mode="lines",
            line={"color": look.colour, "dash": look.dash, "width": 1.8, "shape": "hv"},
            hovertemplate="%{fullData.name}: %{y:.2f} of its entries per decade<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        shapes=[_threshold_line(*line) for line in _thresholds(experts, places)], hovermode="x unified"
    )
    decades = range(int(numpy.floor(histogram.edges[0])), int(numpy.ceil(histogram.edges[-1])) + 1)
    figure.update_xaxes(
        range=[float(histogram.edges[0]), float(histogram.edges[-1])], tickvals=list(decades), ticktext=[_power(d) for d in decades],
        title={"text": "size of a change, |expert − base|", "standoff": 6, "font": {"size": 12}}, automargin=True, hoverformat=".1f",
    )  # fmt: skip
    figure.update_yaxes(
        rangemode="tozero", title={"text": "share per decade", "standoff": 8, "font": {"size": 12}}, automargin=True, nticks=5
    )
    return figure


def _thresholds(experts: pandas.DataFrame, places: Mapping[str, int]) -> list[tuple[float, str]]:
    lines = zip(experts["expert"], experts["threshold"], strict=True)
    return [
        (float(numpy.log10(at)), style_of(places.get(name, row)).colour)
        for row, (name, at) in enumerate(lines)
        if at > 0
    ]


def _threshold_line(at: float, colour: str) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": colour, "width": 1.5},
        "opacity": 0.8,
    }


def _power(exponent: int) -> str:
    digits = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits}"


def score_bars(scores: pandas.DataFrame) -> go.Figure:
    """Bars by task for base, the task's own expert and the merged model, whiskers = interval, other experts as dots.

    `scores` has task, title, role ("base", "own", "other", "merged"), model, place, value, low, high, n, metric.
    """
    figure = go.Figure(
        layout=_frame(margin={"l": 8, "r": 8, "t": 6, "b": 8}, barmode="group", bargap=0.28, bargroupgap=0.08)
    )
    for role, name in (("base", "base"), ("own", "its own expert"), ("merged", "merged")):
        figure.add_bar(**_bars(scores[scores["role"] == role], role, name))
    others = scores[scores["role"] == "other"]
    figure.add_scatter(
        x=_tasks(others), y=others["value"].tolist(), mode="markers", name="other experts", text=_score_words(others),
        marker={"color": [style_of(place).colour for place in others["place"]], "size": 5, "opacity": 0.75, "symbol": "diamond"},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", automargin=True, nticks=6)
    figure.update_xaxes(automargin=True, showgrid=False, type="category")
    return figure


def _bars(scores: pandas.DataFrame, role: str, name: str) -> dict[str, Any]:
    colours = {"base": MUTED, "merged": INK}.get(role) or [style_of(place).colour for place in scores["place"]]
    whiskers = {
        "type": "data",
        "array": (scores["high"] - scores["value"]).tolist(),
        "arrayminus": (scores["value"] - scores["low"]).tolist(),
    }
    return {
        "x": _tasks(scores), "y": scores["value"].tolist(), "name": name, "text": _score_words(scores), "textposition": "none",
        "marker": {"color": colours, "line": {"width": 0}}, "error_y": {**whiskers, "thickness": 1.2, "width": 3, "color": MUTED},
        "hovertemplate": "%{text}<extra></extra>", "meta": {"role": role},
    }  # fmt: skip


def _tasks(scores: pandas.DataFrame) -> list[str]:
    return [plain(title).replace(" ", "<br>", 1) for title in scores["title"]]


def _score_words(scores: pandas.DataFrame) -> list[str]:
    return [
        f"{plain(s.model)} on {plain(s.title)}: {plain(s.metric)} {percent(s.value, 1)}<br>95 % interval {percent(s.low, 1)} to {percent(s.high, 1)}, n = {s.n:,}"
        for s in scores.itertuples()
    ]


def _frame(**layout: Any) -> go.Layout:
    transparent = "rgba(0,0,0,0)"
    return go.Layout(
        template=None, paper_bgcolor=transparent, plot_bgcolor=transparent, showlegend=False, dragmode="zoom", uirevision="kept",
        hoverlabel={"align": "left"}, **layout,
    )  # fmt: skip


def _holes(values: numpy.ndarray) -> list[list[float | None]]:
    return [[None if numpy.isnan(value) else float(value) for value in row] for row in values]


def conflict_summary(cells: pandas.DataFrame) -> str:
    """The heatmap in one sentence, for whoever does not see it."""
    known = cells.dropna(subset=["conflict"])
    if known.empty:
        return "Nowhere do two experts keep the same entry, so no signs can conflict."
    most, least = known.loc[known["conflict"].idxmax()], known.loc[known["conflict"].idxmin()]
    return (
        f"Signs disagree most in {_layer_name(most['layer'])}, {most['module']} ({percent(most['conflict'])}), "
        f"least in {_layer_name(least['layer'])}, {least['module']} ({percent(least['conflict'])})."
    )


def histogram_summary(experts: pandas.DataFrame, titles: Mapping[str, str]) -> str:
    """The histogram in one sentence."""
    parts: Sequence[str] = [f"{titles.get(e.expert, e.expert)} keeps {percent(e.kept)}" for e in experts.itertuples()]
    return f"{'; '.join(parts)} of its changed entries."


def scores_summary(scores: pandas.DataFrame) -> str:
    """The bars in one sentence."""
    merged = scores[scores["role"] == "merged"]
    if merged.empty:
        return "No merged model has been scored yet."
    return f"Merged model: {'; '.join(f'{s.title} {percent(s.value, 1)}' for s in merged.itertuples())}."
