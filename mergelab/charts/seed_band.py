"""The band from the lowest to the highest of recipes that differ in their seed alone."""

from __future__ import annotations

from typing import Any

import pandas


def seed_band(runs: pandas.DataFrame) -> list[dict[str, Any]]:
    """The band's lower and upper edge over x, as two traces; none unless seeds differ at some x.

    `runs` has x (numbers, or words in their order), and the lowest and the highest value of each recipe's seeds.
    """
    groups = runs.groupby("x", sort=False)
    lowest, highest = groups["lowest"].min(), groups["highest"].max()
    if len(lowest) < 2 or (lowest == highest).all():
        return []
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": list(lowest.index),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    lower = {**edge, "name": "lowest seed", "y": lowest.tolist()}
    fill = {"fill": "tonexty", "fillcolor": "rgba(127,106,224,0.2)"}
    return [lower, {**edge, **fill, "name": "highest seed", "y": highest.tolist()}]
