"""What all pictures share: plotly's JSON as plain data, the experts' looks, words that plotly cannot take for markup.

Building plain data takes a tenth of the time of validated figure objects, which the live charts need; `Picture.figure` makes
the object. Text, grid and background colours are left to the page, which knows its theme; a trace whose colours follow the
theme carries `meta` with a "role" (a colour) or a "palette". Every label passes through `plain`, because plotly renders a
little HTML.
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
    """How one expert looks in every chart."""

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
"""Okabe and Ito's colours, told apart by dashes as well; the order is the suite's, so a colour never changes owner."""

HEAT = ((0.0, "#f3f1fa"), (0.25, "#cfc8ee"), (0.5, "#9d8fdc"), (0.75, "#6650bd"), (1.0, "#33217c"))
DIVERGING = ((0.0, "#b35806"), (0.25, "#f1a340"), (0.5, "#f7f7f7"), (0.75, "#998ec3"), (1.0, "#542788"))
"""Orange for negative, violet for positive values; told apart by colour-blind eyes (ColorBrewer PuOr)."""
INK, MUTED = "#22242b", "#a3a8b3"
OVERLAID = "overlaid"
"""The name of shapes that the page draws over its plots by itself, where they move without a redraw."""


def style_of(place: int) -> Style:
    """The look of the expert at that place of its suite."""
    return STYLES[place % len(STYLES)]


def plain(text: object) -> str:
    """Text that plotly cannot take for markup."""
    return str(text).replace("<", "‹").replace(">", "›")


def rows_of(table: pandas.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain mappings."""
    names = [str(name) for name in table.columns]
    columns = [table[name].tolist() for name in table.columns]  # quicker than to_dict, which looks at every value
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


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


def layout(**parts: Any) -> dict[str, Any]:
    """A layout that keeps its zoom over updates, with these parts."""
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
    """For JSON, which has no NaN."""
    return None if numpy.isnan(value) else float(value)
