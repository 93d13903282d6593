"""The bar chart of scores."""

from __future__ import annotations

from typing import Any

import pandas

from mergelab.charts.style import INK, MUTED, Picture, layout, percent, plain, rows_of, style_of


def score_bars(scores: pandas.DataFrame) -> Picture:
    """Bars per task for base, the task's own expert and the merged model, with intervals; other experts as dots.

    `scores` has task, title, role ("base", "own", "other", "merged"), model, place, value, low, high, n, metric.
    """
    roles = (("base", "base"), ("own", "the task's expert"), ("merged", "merged"))
    bars = [_bars(scores[scores["role"] == role], role, name) for role, name in roles]
    others = scores[scores["role"] == "other"]
    dots = {
        "type": "scatter",
        "mode": "markers",
        "name": "other experts",
        "x": _tasks(others),
        "y": others["value"].tolist(),
        "marker": {
            "color": [style_of(place).colour for place in others["place"]],
            "size": 5,
            "opacity": 0.75,
            "symbol": "diamond",
        },
        "text": _score_words(others),
        "hovertemplate": "%{text}<extra></extra>",
    }
    looks = layout(
        barmode="group",
        bargap=0.28,
        bargroupgap=0.08,
        xaxis={"automargin": True, "showgrid": False, "type": "category"},
        yaxis={"range": [0, 1.02], "tickformat": ".0%", "automargin": True, "nticks": 6},
    )
    return Picture([*bars, *([dots] if len(others) else [])], looks)


def _bars(scores: pandas.DataFrame, role: str, name: str) -> dict[str, Any]:
    colours = {"base": MUTED, "merged": INK}.get(role) or [style_of(place).colour for place in scores["place"]]
    whiskers = {
        "type": "data",
        "array": (scores["high"] - scores["value"]).tolist(),
        "arrayminus": (scores["value"] - scores["low"]).tolist(),
    }
    return {
        "type": "bar",
        "x": _tasks(scores),
        "y": scores["value"].tolist(),
        "name": name,
        "text": _score_words(scores),
        "textposition": "none",
        "marker": {"color": colours, "line": {"width": 0}},
        "error_y": {**whiskers, "thickness": 1.2, "width": 3, "color": MUTED},
        "hovertemplate": "%{text}<extra></extra>",
        "meta": {"role": role},
    }


def _tasks(scores: pandas.DataFrame) -> list[str]:
    return [plain(title).replace(" ", "<br>", 1) for title in scores["title"]]


def _score_words(scores: pandas.DataFrame) -> list[str]:
    return [
        f"{plain(row['model'])} on {plain(row['title'])}: {plain(row['metric'])} {percent(row['value'], 1)}<br>"
        f"95 % interval {percent(row['low'], 1)} to {percent(row['high'], 1)}, n = {row['n']:,}"
        for row in rows_of(scores)
    ]


def scores_summary(scores: pandas.DataFrame) -> str:
    """The scores in one sentence."""
    merged = rows_of(scores[scores["role"] == "merged"])
    if not merged:
        return "No merged model has been scored yet."
    parts = [f"{row['title']} {percent(row['value'], 1)}" for row in merged]
    return f"Merged model: {'; '.join(parts)}."
