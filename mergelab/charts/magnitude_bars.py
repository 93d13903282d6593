"""The magnitude histogram of the experts' deltas, with the thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy
import pandas

from mergelab.charts.style import Picture, Style, layout, plain, rows_of, style_of

if TYPE_CHECKING:
    from mergelab.analysis.preview import Histogram


def magnitude_histogram(
    histogram: Histogram, experts: pandas.DataFrame, titles: Mapping[str, str], places: Mapping[str, int]
) -> Picture:
    """One step line per expert over log10 |delta|; the area is 1, and right of the threshold it is the density.

    `experts` has expert and threshold (NaN for no line); `titles` and `places` are by expert. The axis is the whole model's,
    also for a part of it.
    """
    low, high = histogram.span
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
    looks = layout(
        shapes=[_threshold_line(*line) for line in _thresholds(experts, places)],
        hovermode="x unified",
        xaxis={
            "range": [low, high],
            "tickvals": list(decades),
            "ticktext": [_power(d) for d in decades],
            "automargin": True,
            "hoverformat": ".1f",
            "title": {"text": "magnitude of the change, |expert − base|", "standoff": 6, "font": {"size": 12}},
        },
        yaxis={
            "rangemode": "tozero",
            "automargin": True,
            "nticks": 5,
            "title": {"text": "share per decade", "standoff": 8, "font": {"size": 12}},
        },
    )
    return Picture(lines, looks)


def _step_line(name: str, look: Style, x: list[float], y: list[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "line": {"color": look.colour, "dash": look.dash, "width": 1.8, "shape": "hv"},
        "hovertemplate": "%{fullData.name}: %{y:.2f} of its weights per decade<extra></extra>",
    }


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


def histogram_summary(experts: pandas.DataFrame, titles: Mapping[str, str]) -> str:
    """The histogram in one sentence."""
    known = rows_of(experts.dropna(subset=["norm"]))
    if not known:
        return "How far the experts moved is unknown for these settings."
    far, near = (pick(known, key=lambda row: float(row["norm"])) for pick in (max, min))
    names = [titles.get(row["expert"], row["expert"]) for row in (far, near)]
    if len(known) == 1:
        return f"{names[0]} moved {far['norm']:.3g} from the base."
    return f"{names[0]} moved farthest from the base ({far['norm']:.3g}), {names[1]} least ({near['norm']:.3g})."
