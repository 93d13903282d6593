"""The bar chart of scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas

from mergelab.charts.axis_names import brief_names
from mergelab.charts.style import INK, MUTED, Picture, layout, plain, rows_of, style_of

Rows = Sequence[dict[str, Any]]
"""Scores as plain mappings: a table takes longer to cut into such small parts than to draw."""
SHARES = ""
"""The scale of all metrics that are shares of examples."""
MOST_LETTERS = 24
"""Longer names of tasks are shortened below the bars."""
GAP = 0.08
"""Between two axes, as a share of the chart's width."""


def score_bars(scores: pandas.DataFrame) -> Picture:
    """Bars per task for base, the task's own expert and the merged model, with intervals; other experts as dots.

    `scores` has task, title, role ("base", "own", "other", "merged"), model, place, value, low, high, n, metric, scale (what a
    metric is measured in, empty text for shares), and words and interval, which say value, low and high. Shares stand on one
    axis of per cent; every other scale has an axis of its own beside it.
    """
    rows = rows_of(scores)
    ticks = _ticks([row["title"] for row in rows])
    groups = _by_scale([{**row, "tick": ticks[row["title"]]} for row in rows])
    widths = [len({row["title"] for row in group}) for group in groups.values()]
    axes: dict[str, Any] = {}
    traces: list[dict[str, Any]] = []
    for number, (scale, group) in enumerate(groups.items(), 1):
        suffix = "" if number == 1 else str(number)
        traces += [{**trace, "xaxis": f"x{suffix}", "yaxis": f"y{suffix}"} for trace in _traces(group)]
        axes |= {
            f"xaxis{suffix}": _task_axis(widths, number, f"y{suffix}"),
            f"yaxis{suffix}": _axis(scale, f"x{suffix}"),
        }
    return Picture(traces, layout(barmode="group", bargap=0.28, bargroupgap=0.08, **axes))


def _by_scale(scores: Rows) -> dict[str, Rows]:
    """The scores by their scale, shares first; an empty chart has their axis."""
    scales = sorted({row["scale"] for row in scores}) or [SHARES]
    return {scale: [row for row in scores if row["scale"] == scale] for scale in scales}


def _task_axis(widths: list[int], number: int, anchor: str) -> dict[str, Any]:
    """The axis of tasks in its part of the chart's width, which follows the number of tasks."""
    room = 1 - GAP * (len(widths) - 1)
    ends = [room * sum(widths[:count]) / max(sum(widths), 1) for count in (number - 1, number)]
    domain = [end + GAP * (number - 1) for end in ends] if sum(widths) else [0, 1]
    return {"automargin": True, "showgrid": False, "type": "category", "domain": domain, "anchor": anchor}


def _axis(scale: str, anchor: str) -> dict[str, Any]:
    if scale == SHARES:
        return {"range": [0, 1.02], "tickformat": ".0%", "automargin": True, "nticks": 6, "anchor": anchor}
    title = {"text": plain(scale), "font": {"size": 11}}
    return {"rangemode": "tozero", "automargin": True, "nticks": 6, "anchor": anchor, "title": title}


def _traces(scores: Rows) -> list[dict[str, Any]]:
    roles = (("base", "base"), ("own", "the task's expert"), ("merged", "merged"))
    bars = [_bars(_of_role(scores, role), role, name) for role, name in roles]
    others = _of_role(scores, "other")
    return [*bars, *([_dots(others)] if others else [])]


def _of_role(scores: Rows, role: str) -> Rows:
    return [row for row in scores if row["role"] == role]


def _dots(others: Rows) -> dict[str, Any]:
    colours = [style_of(row["place"]).colour for row in others]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "other experts",
        "x": [row["tick"] for row in others],
        "y": [row["value"] for row in others],
        "marker": {"color": colours, "size": 5, "opacity": 0.75, "symbol": "diamond"},
        "text": _score_words(others),
        "hovertemplate": "%{text}<extra></extra>",
    }


def _bars(scores: Rows, role: str, name: str) -> dict[str, Any]:
    colours = {"base": MUTED, "merged": INK}.get(role) or [style_of(row["place"]).colour for row in scores]
    whiskers = {
        "type": "data",
        "array": [_length(row["high"] - row["value"]) for row in scores],
        "arrayminus": [_length(row["value"] - row["low"]) for row in scores],
    }
    return {
        "type": "bar",
        "x": [row["tick"] for row in scores],
        "y": [row["value"] for row in scores],
        "name": name,
        "text": _score_words(scores),
        "textposition": "none",
        "marker": {"color": colours, "line": {"width": 0}},
        "error_y": {**whiskers, "thickness": 1.2, "width": 3, "color": MUTED},
        "hovertemplate": "%{text}<extra></extra>",
        "meta": {"role": role},
    }


def _length(whisker: float) -> float:
    """The length of a whisker; a score of one example has none."""
    return whisker if math.isfinite(whisker) else 0.0


def _ticks(titles: Sequence[str]) -> dict[str, str]:
    """The task's names under the axis, short enough to stand there."""
    found = list(dict.fromkeys(titles))
    briefs = brief_names([plain(title) for title in found], MOST_LETTERS)
    return {title: brief.replace(" ", "<br>", 1) for title, brief in zip(found, briefs, strict=True)}


def _score_words(scores: Rows) -> list[str]:
    return [
        f"{plain(row['model'])} on {plain(row['title'])}: {plain(row['metric'])} {row['words']}<br>"
        f"95 % interval {row['interval']}, n = {row['n']:,}"
        for row in scores
    ]


def scores_summary(scores: pandas.DataFrame) -> str:
    """The scores in one sentence."""
    merged = _of_role(rows_of(scores), "merged")
    if not merged:
        return "No merged model has been scored yet."
    parts = [" ".join(filter(None, (row["title"], row["words"], row["scale"]))) for row in merged]
    return f"Merged model: {'; '.join(parts)}."
