"""The front of a sweep for two objectives: the recipes to which no other is better in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas

from mergelab.charts.style import MUTED, Picture, layout, lines, plain, rows_of


def objective_front(points: pandas.DataFrame, titles: Sequence[str], are_shares: Sequence[bool]) -> Picture:
    """A dot per recipe over both objectives. Those of the front are large, have intervals, and are joined by a staircase.

    `points` has x and y with their ends (x_low, x_high, y_low, y_high; NaN where there is no interval) and with x_worth and y_worth,
    of which more is better; best (whether it is on the front), number and words. Better is right and up, also where less is better:
    what lies below and left of the staircase is dominated.
    """
    is_front = points["best"].astype(bool)
    front, others = points[is_front].sort_values(["x_worth", "y_worth"], ascending=[True, False]), points[~is_front]
    stairs = {
        "type": "scatter",
        "mode": "lines",
        "name": "front",
        "x": front["x"].tolist(),
        "y": front["y"].tolist(),
        "line": {"width": 2.5, "shape": "vh"},
        "meta": {"role": "accent"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    dominated = _dots(others, "dominated", {"size": 8}, {"meta": {"role": "base"}, "line": {}})
    ends = {"error_x": _ends(front, "x"), "error_y": _ends(front, "y")}
    best = _dots(front, "on the front", {"size": 12}, {"meta": {"role": "accent"}, "line": {}, **ends})
    axes = {
        name: {
            "automargin": True,
            "nticks": 6,
            "title": {"text": plain(title), "font": {"size": 12}},
            **({"tickformat": ".0%"} if is_share else {}),
            **({"autorange": "reversed"} if (points[of] * points[f"{of}_worth"] < 0).any() else {}),
        }
        for of, name, title, is_share in zip("xy", ("xaxis", "yaxis"), titles, are_shares, strict=True)
    }
    return Picture([dominated, best, stairs], layout(dragmode=False, hovermode="closest", **axes))


def _dots(points: pandas.DataFrame, name: str, marker: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": points["x"].tolist(),
        "y": points["y"].tolist(),
        "marker": marker,
        "customdata": [row["number"] for row in rows_of(points)],
        "text": [lines(row["words"]) for row in rows_of(points)],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
        **more,
    }


def _ends(points: pandas.DataFrame, of: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "thickness": 1,
        "width": 0,
        "color": MUTED,
        "array": (points[f"{of}_high"] - points[of]).fillna(0).tolist(),
        "arrayminus": (points[of] - points[f"{of}_low"]).fillna(0).tolist(),
    }
