"""The band from the lowest to the highest of recipes that differ in their seed alone."""

from __future__ import annotations

from typing import Any

import pandas


def seed_band(runs: pandas.DataFrame) -> list[dict[str, Any]]:
    """The band's lower and upper edge over x, as two traces; none unless some x has several recipes.

    `runs` has x (numbers, or words in their order) and value.
    """
    ends = runs.groupby("x", sort=False)["value"].agg(["min", "max", "count"])
    if len(ends) < 2 or (ends["count"] < 2).all():
        return []
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": list(ends.index),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    lower = {**edge, "name": "lowest seed", "y": ends["min"].tolist()}
    fill = {"fill": "tonexty", "fillcolor": "rgba(127,106,224,0.2)"}
    return [lower, {**edge, **fill, "name": "highest seed", "y": ends["max"].tolist()}]
