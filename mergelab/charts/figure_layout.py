"""Building blocks of the report's charts: layouts without colours, axes, lines, short names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from mergelab.charts import Picture, plain
from mergelab.charts.style import HEATMAP

SMALL = {"size": 12}


def framed(data: list[dict[str, Any]], **layout: Any) -> Picture:
    """A chart whose text, grid and background colours are set by the page."""
    clear = "rgba(0,0,0,0)"
    frame = {
        "paper_bgcolor": clear,
        "plot_bgcolor": clear,
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"align": "left"},
        "margin": {"l": 8, "r": 8, "t": 6, "b": 8},
    }
    return Picture(data, {**frame, **layout})


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with automatic margins for its labels."""
    named = {"title": {"text": title, "standoff": 8, "font": SMALL}} if title else {}
    return {"automargin": True, **named, **more}


def words(**more: Any) -> dict[str, Any]:
    """A category axis."""
    return {"automargin": True, "showgrid": False, "type": "category", "tickfont": {"size": 11}, **more}


def heat(x: Sequence[str], y: Sequence[str], z: Any, text: Any, **more: Any) -> dict[str, Any]:
    """A heatmap, by default from 0 to 1; cells with None are empty."""
    colorbar = {"thickness": 8, "len": 1, "outlinewidth": 0, "x": 1.01}
    return {**HEATMAP, "x": list(x), "y": list(y), "z": z, "text": text, "colorbar": colorbar, **more}


def line(
    name: str, x: Sequence[Any], y: Sequence[float], colour: str, dash: str = "solid", **more: Any
) -> dict[str, Any]:
    """A line; NaN leaves a gap."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": list(x),
        "y": [or_none(value) for value in y],
        "line": {"color": colour, "dash": dash, "width": 2},
        "hovertemplate": "%{fullData.name}: %{y:.3g}<extra></extra>",
        **more,
    }


def or_none(value: float) -> float | None:
    """A number for JSON, which has no NaN."""
    return None if numpy.isnan(value) else float(value)


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The last path component of each model's name if these are distinct, otherwise the whole name."""
    last = {name: name.rstrip("/\\").replace("\\", "/").rpartition("/")[2] for name in names}
    return last if len(set(last.values())) == len(set(names)) else {name: name for name in names}
