"""The chart of remembered runs: a score over a setting."""

from __future__ import annotations

from typing import Any

import pandas

from mergelab.charts.round_ticks import round_ticks
from mergelab.charts.seed_band import seed_band
from mergelab.charts.style import MUTED, Picture, layout, lines, plain, rows_of


def score_over_setting(
    runs: pandas.DataFrame, x: str, y: str, is_share: bool, is_logarithmic: bool = False, has_band: bool = False
) -> Picture:
    """A dot per run with the interval of its score, and a line through the means of equal x where x is a number.

    With `has_band`, a band goes from the lowest to the highest of equal x, where runs differ in their seed alone: `seed_band` says
    what `runs` has then.

    `runs` has x (numbers or texts), value, low, high (NaN where there is no interval), number, name and words, which say all of it.
    `x` and `y` are the titles of the axes; shares stand on an axis of per cent.
    """
    shown = runs.sort_values("x", kind="stable") if runs["x"].map(type).isin([int, float]).all() else runs
    means = shown.groupby("x", sort=False)["value"].mean()
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": list(means.index),
        "y": list(means),
        "line": {"color": MUTED, "width": 1},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    error = {"type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": MUTED}
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": list(shown["x"]),
        "y": list(shown["value"]),
        "error_y": {
            **error,
            "array": list((shown["high"] - shown["value"]).fillna(0)),
            "arrayminus": list((shown["value"] - shown["low"]).fillna(0)),
        },
        "marker": {"size": 8},
        "meta": {"role": "accent"},
        "customdata": [row["number"] for row in rows_of(shown)],
        "text": [lines(row["words"]) for row in rows_of(shown)],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }
    axis = {"automargin": True, "nticks": 6}
    return Picture(
        [*(seed_band(shown) if has_band else []), *([line] if len(means) > 1 else []), dots],
        layout(
            xaxis={
                **axis,
                **(_logarithmic(shown) if is_logarithmic else {}),
                "title": {"text": plain(x), "font": {"size": 11}},
            },
            yaxis={
                **axis,
                "title": {"text": plain(y), "font": {"size": 11}},
                **({"tickformat": ".0%"} if is_share else {}),
            },
        ),
    )


def _logarithmic(runs: pandas.DataFrame) -> dict[str, Any]:
    """A logarithmic axis with ticks at round numbers; left to itself, plotly writes only the last digit between powers of ten."""
    return {"type": "log", "tickvals": round_ticks(runs["x"].min(), runs["x"].max(), True)}
