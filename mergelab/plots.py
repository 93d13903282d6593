"""Pictures from data frames: what is drawn, in which colours, with which words. Nothing here reads a weight.

A picture is plotly's own JSON; building it as plain data takes a tenth of the time of validated figure objects, which the
live charts need. `figure` makes the object. Text, grid and background colours are left to the page, which knows its theme; a trace whose colour follows the theme
carries `meta={"role": …}`. Every label passes through `plain`, because plotly renders a little HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy
import pandas

if TYPE_CHECKING:
    import plotly.graph_objects as go

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
OVERLAID = "overlaid"
"""The name of shapes that the page draws over its plots by itself, where they move without a redraw."""
PARTS = (
    "word",
    "patch",
    "class",
    "position",
    "type",
    "query",
    "key",
    "value",
    "qkv",
    "output",
    "up",
    "gate",
    "gate_up",
    "down",
    "norm",
)
"""Modules from left to right, in the order in which a block computes them."""
SHARED = ("output", "norm")


def style_of(place: int) -> Style:
    """The look of the expert at that place of its suite."""
    return STYLES[place % len(STYLES)]


def plain(text: object) -> str:
    """Text that plotly cannot take for markup."""
    return str(text).replace("<", "‹").replace(">", "›")


def rows_of(table: pandas.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain mappings."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def percent(share: float, digits: int = 0) -> str:
    """`31 %`, or a dash where the share is undefined."""
    return "–" if numpy.isnan(share) else f"{100 * share:.{digits}f} %"


@dataclass(frozen=True)
class Picture:
    """A chart as plotly's JSON: its traces and its layout."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]

    def figure(self) -> go.Figure:
        """The same chart as a checked plotly figure, for notebooks and reports."""
        import plotly.graph_objects as go

        return go.Figure({"data": self.data, "layout": self.layout})


def conflict_heatmap(cells: pandas.DataFrame) -> Picture:
    """Layers down, modules across, colour = share of overlapping entries whose signs disagree, always on 0 to 1.

    `cells` has layer, module, entries, conflict, coactive; a pair of layer and module that does not exist stays empty.
    """
    found = {(cell["layer"], cell["module"]): cell for cell in rows_of(cells)}
    layers = list(dict.fromkeys(layer for layer, _ in found))
    modules = sorted(dict.fromkeys(module for _, module in found), key=_module_place)
    grid = [[found.get((layer, module)) for module in modules] for layer in layers]
    heatmap = {
        "type": "heatmap", "x": [_module_name(module) for module in modules], "y": [_layer_name(layer) for layer in layers],
        "z": [[_number(cell["conflict"]) if cell else None for cell in row] for row in grid],
        "text": [[_cell_words(cell) if cell else "" for cell in row] for row in grid],
        "hovertemplate": "%{text}<extra></extra>", "hoverongaps": False, "zmin": 0, "zmax": 1, "xgap": 2, "ygap": 2,
        "colorscale": [list(stop) for stop in HEAT], "textfont": {"size": 11},
        "colorbar": {"thickness": 8, "len": 1, "outlinewidth": 0, "tickformat": ".0%", "tickvals": [0, 0.5, 1], "x": 1.01},
        **({"texttemplate": "%{z:.0%}"} if len(layers) * len(modules) <= MAX_LABELLED_CELLS else {}),
    }  # fmt: skip
    axis = {"automargin": True, "showgrid": False, "type": "category", "tickfont": {"size": 11}}
    return Picture([heatmap], _layout(xaxis={**axis, "side": "bottom"}, yaxis={**axis, "autorange": "reversed"}))


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


def _cell_words(cell: Mapping[str, Any]) -> str:
    where = f"{_layer_name(cell['layer'])}, {plain(cell['module'])}"
    if numpy.isnan(cell["conflict"]):
        return f"{where}: no entry is kept by two experts ({cell['entries']:,.0f} entries)"
    overlapping = round(cell["coactive"] * cell["entries"])
    return f"{where}: {percent(cell['conflict'])} of {overlapping:,} overlapping entries disagree<br>({cell['entries']:,.0f} entries in all)"


def magnitude_histogram(
    histogram: Histogram, experts: pandas.DataFrame, titles: Mapping[str, str], places: Mapping[str, int]
) -> Picture:
    """One step line an expert over log10 |delta|; the area under a line is 1, right of its threshold its density.

    `experts` has expert and threshold (NaN draws no line); `titles` and `places` are by expert.
    """
    low, high = float(histogram.edges[0]), float(histogram.edges[-1])
    decades = range(int(numpy.floor(low)), int(numpy.ceil(high)) + 1)
    lines = [
        _step_line(
            plain(titles.get(expert, expert)),
            style_of(places.get(expert, row)),
            histogram.edges[:-1].tolist(),
            histogram.shares[row].tolist(),
        )
        for row, expert in enumerate(experts["expert"])
    ]
    layout = _layout(
        shapes=[_threshold_line(*line) for line in _thresholds(experts, places)], hovermode="x unified",
        xaxis={"range": [low, high], "tickvals": list(decades), "ticktext": [_power(d) for d in decades], "automargin": True, "hoverformat": ".1f",
               "title": {"text": "size of a change, |expert − base|", "standoff": 6, "font": {"size": 12}}},
        yaxis={"rangemode": "tozero", "automargin": True, "nticks": 5, "title": {"text": "share per decade", "standoff": 8, "font": {"size": 12}}},
    )  # fmt: skip
    return Picture(lines, layout)


def _step_line(name: str, look: Style, x: list[float], y: list[float]) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": x, "y": y,
        "line": {"color": look.colour, "dash": look.dash, "width": 1.8, "shape": "hv"},
        "hovertemplate": "%{fullData.name}: %{y:.2f} of its entries per decade<extra></extra>",
    }  # fmt: skip


def _thresholds(experts: pandas.DataFrame, places: Mapping[str, int]) -> list[tuple[float, str]]:
    return [
        (float(numpy.log10(row["threshold"])), style_of(places.get(row["expert"], place)).colour)
        for place, row in enumerate(rows_of(experts))
        if row["threshold"] > 0
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


def score_bars(scores: pandas.DataFrame) -> Picture:
    """Bars by task for base, the task's own expert and the merged model, whiskers = interval, other experts as dots.

    `scores` has task, title, role ("base", "own", "other", "merged"), model, place, value, low, high, n, metric.
    """
    roles = (("base", "base"), ("own", "its own expert"), ("merged", "merged"))
    bars = [_bars(scores[scores["role"] == role], role, name) for role, name in roles]
    others = scores[scores["role"] == "other"]
    dots = {
        "type": "scatter", "mode": "markers", "name": "other experts", "x": _tasks(others), "y": others["value"].tolist(),
        "marker": {"color": [style_of(place).colour for place in others["place"]], "size": 5, "opacity": 0.75, "symbol": "diamond"},
        "text": _score_words(others), "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
    layout = _layout(
        barmode="group", bargap=0.28, bargroupgap=0.08,
        xaxis={"automargin": True, "showgrid": False, "type": "category"},
        yaxis={"range": [0, 1.02], "tickformat": ".0%", "automargin": True, "nticks": 6},
    )  # fmt: skip
    return Picture([*bars, *([dots] if len(others) else [])], layout)


def _bars(scores: pandas.DataFrame, role: str, name: str) -> dict[str, Any]:
    colours = {"base": MUTED, "merged": INK}.get(role) or [style_of(place).colour for place in scores["place"]]
    whiskers = {
        "type": "data",
        "array": (scores["high"] - scores["value"]).tolist(),
        "arrayminus": (scores["value"] - scores["low"]).tolist(),
    }
    return {
        "type": "bar", "x": _tasks(scores), "y": scores["value"].tolist(), "name": name, "text": _score_words(scores), "textposition": "none",
        "marker": {"color": colours, "line": {"width": 0}}, "error_y": {**whiskers, "thickness": 1.2, "width": 3, "color": MUTED},
        "hovertemplate": "%{text}<extra></extra>", "meta": {"role": role},
    }  # fmt: skip


def _tasks(scores: pandas.DataFrame) -> list[str]:
    return [plain(title).replace(" ", "<br>", 1) for title in scores["title"]]


def _score_words(scores: pandas.DataFrame) -> list[str]:
    return [
        f"{plain(row['model'])} on {plain(row['title'])}: {plain(row['metric'])} {percent(row['value'], 1)}<br>"
        f"95 % interval {percent(row['low'], 1)} to {percent(row['high'], 1)}, n = {row['n']:,}"
        for row in rows_of(scores)
    ]


def _layout(**layout: Any) -> dict[str, Any]:
    transparent = "rgba(0,0,0,0)"
    return {
        "paper_bgcolor": transparent, "plot_bgcolor": transparent, "showlegend": False, "dragmode": "zoom", "uirevision": "kept",
        "hoverlabel": {"align": "left"}, "margin": {"l": 8, "r": 8, "t": 6, "b": 8}, **layout,
    }  # fmt: skip


def _number(value: float) -> float | None:
    return None if numpy.isnan(value) else float(value)


def conflict_summary(cells: pandas.DataFrame) -> str:
    """The heatmap in one sentence, for whoever does not see it."""
    known = sorted(rows_of(cells.dropna(subset=["conflict"])), key=lambda cell: float(cell["conflict"]))
    if not known:
        return "Nowhere do two experts keep the same entry, so no signs can disagree."
    return f"Signs disagree most in {_where(known[-1])}, least in {_where(known[0])}."


def _where(cell: Mapping[str, Any]) -> str:
    return f"{_layer_name(cell['layer'])}, {cell['module']} ({percent(cell['conflict'])})"


def histogram_summary(experts: pandas.DataFrame, titles: Mapping[str, str]) -> str:
    """The histogram in one sentence."""
    parts = [f"{titles.get(row['expert'], row['expert'])} keeps {percent(row['kept'])}" for row in rows_of(experts)]
    return f"{'; '.join(parts)} of its changed entries."


def scores_summary(scores: pandas.DataFrame) -> str:
    """The bars in one sentence."""
    merged = rows_of(scores[scores["role"] == "merged"])
    if not merged:
        return "No merged model has been scored yet."
    parts = [f"{row['title']} {percent(row['value'], 1)}" for row in merged]
    return f"Merged model: {'; '.join(parts)}."
