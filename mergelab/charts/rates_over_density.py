"""The report's chart of conflict, cancellation and kept shares over the density."""

from __future__ import annotations

import pandas

from mergelab.charts import Picture, percent
from mergelab.charts.figure_layout import axis, framed, line

SHARES = (
    ("conflict_of_all", "conflicting weights", "#B5542B", "solid"),
    ("conflict", "conflict among shared weights", "#CC6FA3", "8px,2px,2px,2px"),
    ("cancellation", "cancelled", "#0072B2", "6px,2px"),
    ("retained", "energy kept", "#009E73", "2px,2px"),
    ("union", "weights kept by any expert", "#8A7A2E", "10px,3px"),
)
"""Column of `preview.curves`, its name, colour and dash."""


def rates_over_density(curves: pandas.DataFrame, place: float | None) -> Picture:
    """One line per share over the density from 0 to 1, and a vertical line at the recipe's `place`."""
    known = [row for row in SHARES if curves[row[0]].notna().any()]
    lines = [
        line(name, curves["place"].tolist(), curves[column].tolist(), colour, dash)
        for column, name, colour, dash in known
    ]
    for each in lines:
        each["hovertemplate"] = "%{fullData.name}: %{y:.1%}<extra></extra>"
    at = [] if place is None else [_mark(place)]
    return framed(
        lines,
        shapes=at,
        hovermode="x unified",
        xaxis=axis(
            "density: fraction of each change kept", range=[0, 1], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1]
        ),
        yaxis=axis(range=[0, 1.02], tickformat=".0%"),
    )


def density_summary(curves: pandas.DataFrame) -> str:
    """The curves in one sentence."""
    known = curves.dropna(subset=["conflict"])
    if len(known) < 2:
        return "The sketch for these settings has only one density, so there are no curves."
    low, high = (known.iloc[(known["place"] - place).abs().argmin()] for place in (0.1, 1.0))
    return (
        f"At a density of {percent(low['place'])}, {percent(low['conflict_of_all'], 1)} of all weights conflict and "
        f"{percent(low['retained'])} of the energy is kept; with everything kept, {percent(high['conflict_of_all'], 1)} conflict."
    )


def _mark(place: float) -> dict[str, object]:
    return {
        "type": "line",
        "x0": place,
        "x1": place,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "opacity": 0.6,
        "line": {"color": "#7A7F87", "width": 1.5, "dash": "dot"},
    }
