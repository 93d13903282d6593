"""The live chart of conflict, cancellation, energy kept and cosines over the density."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy
import pandas

from mergelab.charts.style import Picture, layout, number, plain, style_of

POINTS = 101
"""Number of points per drawn curve; a sketch has more."""


@dataclass(frozen=True)
class Line:
    """A figure drawn over the density: its title, the role of its colour in the theme, its dashes and its meaning."""

    title: str
    role: str
    dash: str
    help: str


LINES = {
    "conflict_of_all": Line(
        "Conflicting weights", "accent", "solid", "share of all weights that experts pull in opposite directions"
    ),
    "conflict": Line(
        "Conflict among shared weights", "accent", "2px,4px", "share of the weights kept by at least two experts"
    ),
    "cancellation": Line("Cancelled", "bad", "6px,3px", "share of the kept magnitude that opposite signs cancel"),
    "retained": Line(
        "Energy kept", "ink", "2px,3px", "share of each change’s squared length that is kept, mean over experts"
    ),
    "cosine": Line(
        "Cosine", "good", "9px,3px,2px,3px", "of the merged change with each whole change, mean over experts"
    ),
}


def density_curves(curves: pandas.DataFrame, axis: str) -> Picture:
    """The `LINES` over the density, from 0 to 1; `curves` comes from the preview, `axis` is the title of the x axis.

    Without columns of cosines there is no line for them.
    """
    table = _thinned(curves)
    # Sorted, so that the mean has the same bits for every order of experts.
    rising = numpy.sort(table[cosines(table)].to_numpy(), axis=1)
    table = table.assign(cosine=pandas.DataFrame(rising, table.index).mean(axis=1))
    known = [name for name in LINES if name != "cosine" or rising.size]
    lines = [
        _line(table, name, LINES[name].title, {"role": LINES[name].role}, LINES[name].dash, None) for name in known
    ]
    return Picture(lines, _axes(axis, [0, 1.02]))


def cosine_curves(curves: pandas.DataFrame, axis: str, titles: Mapping[str, str], places: Mapping[str, int]) -> Picture:
    """The cosine of the merged delta with each expert's whole delta over the density."""
    table, lines = _thinned(curves), []
    for row, name in enumerate(cosines(table)):
        expert = name.removeprefix("cosine ")
        look = style_of(places.get(expert, row))
        lines.append(_line(table, name, titles.get(expert, expert), {}, look.dash, look.colour))
    return Picture(lines, _axes(axis, [min(0.0, float(numpy.nanmin(table[cosines(table)], initial=0))), 1.02]))


def dots_at(picture: Picture, place: float, symbol: str) -> list[dict[str, Any]]:
    """A dot on each line of a picture, where a recipe stands; `symbol` is one of plotly's."""
    return [_dot(trace, place, symbol) for trace in picture.data]


def _dot(trace: dict[str, Any], place: float, symbol: str) -> dict[str, Any]:
    known = [numpy.nan if value is None else value for value in trace["y"]]
    value = number(float(numpy.interp(place, trace["x"], known)))
    colour = {"color": trace["line"]["color"]} if "color" in trace["line"] else {}
    marker = {"symbol": symbol, "size": 9, "line": {"width": 2}, **colour}
    drawn = {"mode": "markers", "marker": marker, "hoverinfo": "skip", "hovertemplate": None}
    return {**trace, **drawn, "x": [place], "y": [value], "meta": {**trace["meta"], "pinned": True}}


def cosines(curves: pandas.DataFrame) -> list[str]:
    """The names of the columns with the experts' cosines."""
    return [name for name in map(str, curves) if name.startswith("cosine ")]


def _thinned(curves: pandas.DataFrame) -> pandas.DataFrame:
    chosen = numpy.unique(numpy.linspace(0, len(curves) - 1, POINTS).round().astype(int))
    return curves.iloc[chosen]


def _line(
    table: pandas.DataFrame, name: str, title: str, meta: Mapping[str, str], dash: str, colour: str | None
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(title),
        "x": [round(place, 6) for place in table["place"]],
        "y": [None if value is None else round(value, 5) for value in map(number, table[name])],
        "line": {"dash": dash, "width": 2, **({"color": colour} if colour else {})},
        "meta": {"key": name, **meta},
        "hovertemplate": f"{plain(title)} %{{y:.1%}}<extra></extra>",
    }


def _axes(axis: str, bounds: list[float]) -> dict[str, Any]:
    return layout(
        hovermode="x unified",
        xaxis={
            "range": [0, 1],
            "tickformat": ".0%",
            "hoverformat": ".1%",
            "automargin": True,
            "nticks": 6,
            "title": {"text": axis, "standoff": 6, "font": {"size": 12}},
        },
        yaxis={"range": bounds, "tickformat": ".0%", "automargin": True, "nticks": 6},
    )
