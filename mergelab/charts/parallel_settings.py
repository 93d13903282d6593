"""Parallel coordinates: recipes as lines over all settings of a sweep and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas

from mergelab.charts.setting_axis import ABSENT_PLACE, SettingAxis
from mergelab.charts.style import Picture, layout, lines, plain, rows_of

LETTERS = 14
"""Longer lines of an axis's title are broken between words."""


def parallel_settings(points: pandas.DataFrame, axes: Sequence[SettingAxis]) -> Picture:
    """A line per recipe from axis to axis, whose shade says how good it is; a line of dots for one that left the race.

    `points` has worth (more is better), number, best, out and words, in the order of the axes' values. The trace of a recipe has its number in
    `customdata`, and its place on each axis (0 to 1) in `y`. `meta` of the layout has what brushes need of the axes.
    """
    places = [axis.places for axis in axes]
    shade = shades(points["worth"].tolist())
    order = points.reset_index(drop=True)["worth"].sort_values(kind="stable").index  # the best are drawn on top
    rows = rows_of(points)
    recipes = [_line(rows[at], [each[at] for each in places], shade[at]) for at in order]
    lowest = ABSENT_PLACE if any(axis.has_absent for axis in axes) else 0.0
    return Picture([*(_rule(place, lowest) for place in range(len(axes))), *recipes], _layout(axes, lowest))


def shades(worths: Sequence[float]) -> list[float]:
    """Each from 0, the worst, to 1, the best, by rank: outliers would leave the others alike."""
    order = sorted(set(worths))
    return [order.index(worth) / (len(order) - 1) if len(order) > 1 else 1.0 for worth in worths]


def _line(row: dict[str, Any], places: list[float], shade: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(range(len(places))),
        "y": places,
        "name": f"point {row['number']}",
        "customdata": [row["number"]] * len(places),
        "line": {"width": 4 if row["best"] else 1.5, "dash": "dot" if row["out"] else "solid"},
        "marker": {"size": 7 if row["best"] else 5},
        "meta": {"shade": shade, "number": row["number"]},
        "text": [lines(row["words"])] * len(places),
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def _rule(place: int, lowest: float) -> dict[str, Any]:
    line = {"type": "scatter", "mode": "lines", "name": "axis", "x": [place, place], "y": [lowest, 1.0]}
    return {**line, "line": {"width": 1.5}, "meta": {"role": "base"}, "hoverinfo": "skip", "showlegend": False}


def _layout(axes: Sequence[SettingAxis], lowest: float) -> dict[str, Any]:
    last = len(axes) - 1
    ticks = [
        {
            "x": place,
            "y": at,
            "text": plain(text),
            "showarrow": False,
            "xanchor": "right" if place == last else "left",
            "xshift": -7 if place == last else 7,
            "font": {"size": 11},
        }
        for place, axis in enumerate(axes)
        for at, text in axis.ticks
    ]
    xaxis = {
        "tickvals": list(range(len(axes))),
        "ticktext": [broken(axis.title) for axis in axes],
        "side": "top",
        "range": [-0.35, last + 0.35],
        "showgrid": False,
        "automargin": True,
    }
    yaxis = {"visible": False, "range": [lowest - 0.06, 1.06]}
    meta = {"axes": [_told(axis) for axis in axes]}
    return layout(dragmode=False, hovermode="closest", xaxis=xaxis, yaxis=yaxis, annotations=ticks, meta=meta)


def _told(axis: SettingAxis) -> dict[str, Any]:
    low, high = axis.ends
    words = [] if axis.is_numeric else [text for _, text in axis.ordered]
    logarithmic, share = axis.uses_logarithm, axis.is_share
    return {"title": axis.title, "low": low, "high": high, "logarithmic": logarithmic, "share": share, "words": words}


def broken(title: str) -> str:
    """A title in lines of about `LETTERS` letters."""
    found = [""]
    for word in plain(title).split():
        if found[-1] and len(found[-1]) + len(word) >= LETTERS:
            found.append("")
        found[-1] = f"{found[-1]} {word}".strip()
    return "<br>".join(found)
