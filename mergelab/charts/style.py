"""Shared parts of all charts: plotly's JSON as plain data, the experts' styles, text without markup.

The live charts need plain data, because it takes a tenth of the time of validated figure objects; `Picture.figure`
creates the object. Text, grid and background colours are set by the page, which knows its theme; a trace with themed
colours has `meta` with a "role" (a colour) or a "palette". Every label passes through `plain`, because plotly renders
some HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy
import pandas

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Style:
    """The colour and dashes of one expert in every chart."""

    colour: str
    dash: str


STYLES = tuple(
    Style(colour, dash)
    for colour, dash in (
        ("#0072B2", "solid"),
        ("#E69F00", "6px,2px"),
        ("#009E73", "2px,2px"),
        ("#CC6FA3", "8px,2px,2px,2px"),
        ("#56B4E9", "10px,3px"),
        ("#B5542B", "4px,4px"),
        ("#8A7A2E", "12px,3px,3px,3px"),
        ("#7A7F87", "1px,3px"),
    )
)
"""Okabe and Ito's colours, each with its own dashes, in the suite's order, so that an expert never changes colour."""

HEAT = ((0.0, "#f3f1fa"), (0.25, "#cfc8ee"), (0.5, "#9d8fdc"), (0.75, "#6650bd"), (1.0, "#33217c"))
HEATMAP: dict[str, Any] = {
    "type": "heatmap",
    "hovertemplate": "%{text}<extra></extra>",
    "hoverongaps": False,
    "zmin": 0,
    "zmax": 1,
    "xgap": 2,
    "ygap": 2,
    "colorscale": [list(stop) for stop in HEAT],
    "textfont": {"size": 11},
}
"""The look of every heatmap from 0 to 1."""
DIVERGING = ((0.0, "#b35806"), (0.25, "#f1a340"), (0.5, "#f7f7f7"), (0.75, "#998ec3"), (1.0, "#542788"))
"""Orange for negative, violet for positive values, safe for colour-blind readers (ColorBrewer PuOr)."""
INK, MUTED = "#22242b", "#a3a8b3"
OVERLAID = "overlaid"
"""The name of shapes that the page itself draws over its plots, to move them without a redraw."""


def style_of(place: int) -> Style:
    """The style of the expert at this position in its suite."""
    return STYLES[place % len(STYLES)]


def plain(text: object) -> str:
    """Text that plotly does not interpret as markup."""
    return str(text).replace("<", "‹").replace(">", "›")


def lines(text: str) -> str:
    """Lines of text for plotly's hover labels."""
    return "<br>".join(plain(line) for line in text.split("\n"))


def rows_of(table: pandas.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain mappings."""
    names = [str(name) for name in table.columns]
    columns = [table[name].tolist() for name in table.columns]  # faster than to_dict, which checks every value
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def percent(share: float, digits: int = 0) -> str:
    """`31 %`, or a dash for NaN."""
    return "–" if numpy.isnan(share) else f"{100 * share:.{digits}f} %"


@dataclass(frozen=True)
class Picture:
    """A chart as plotly's JSON: its traces and its layout."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]

    def figure(self) -> go.Figure:
        """The chart as a validated plotly figure, for notebooks and reports."""
        import plotly.graph_objects as go

        return go.Figure({"data": self.data, "layout": self.layout})


def layout(**parts: Any) -> dict[str, Any]:
    """A layout with these parts, which keeps the zoom over updates."""
    transparent = "rgba(0,0,0,0)"
    return {
        "paper_bgcolor": transparent,
        "plot_bgcolor": transparent,
        "showlegend": False,
        "dragmode": "zoom",
        "uirevision": "kept",
        "hoverlabel": {"align": "left"},
        "margin": {"l": 8, "r": 8, "t": 6, "b": 8},
        **parts,
    }


def number(value: float) -> float | None:
    """The value for JSON, with None for NaN."""
    return None if numpy.isnan(value) else float(value)
