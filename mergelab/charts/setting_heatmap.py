"""The heatmap of a sweep: a score over two settings."""

from __future__ import annotations

from typing import Any

import pandas

from mergelab.charts.setting_axis import SettingAxis
from mergelab.charts.style import HEATMAP, Picture, layout, lines, plain, rows_of

MOST_LABELLED = 120
"""Cells of a larger map have no numbers."""
PAIRS = 2.5
"""A map has at most this many cells per recipe, or most of it would be empty."""

Cells = list[list[list[dict[str, Any]]]]
"""The recipes of each cell, by row and column."""


def fills_a_grid(x: SettingAxis, y: SettingAxis, recipes: int) -> bool:
    """Whether the values of two settings make a grid that so many recipes fill, at least in part."""
    return len(x.ordered) * len(y.ordered) <= PAIRS * recipes


def setting_heatmap(points: pandas.DataFrame, x: SettingAxis, y: SettingAxis, is_share: bool) -> Picture:
    """One cell per pair of values, coloured by the mean of its recipes; the best cell has a star and is named in `meta`.

    `points` has value, worth (more is better), best, number and words, in the order of the axes' values. A click on a cell gives the number of its best recipe.
    """
    cells = _cells(points, x, y)
    values = [[_mean(rows, "value") for rows in row] for row in cells]
    worths = [[_mean(rows, "worth") for rows in row] for row in cells]
    best = _best(cells, worths)
    known = [worth for row in worths for worth in row if worth is not None]
    low, high = min(known), max(known)
    labels = [[_label(value, (i, j) == best, is_share) for j, value in enumerate(row)] for i, row in enumerate(values)]
    trace = {
        **HEATMAP,
        "x": list(range(len(x.ordered))),
        "y": list(range(len(y.ordered))),
        "z": worths,
        "zmin": low,
        "zmax": high if high > low else low + 1e-9,
        "text": [[_words(rows, is_share) for rows in row] for row in cells],
        "customdata": [[_chosen(rows) for rows in row] for row in cells],
        "showscale": not (points["value"] * points["worth"] < 0).any(),
        "colorbar": {"thickness": 8, "len": 1, "outlinewidth": 0, "x": 1.01, "nticks": 5, **_percent(is_share)},
        "meta": {
            "palette": "heat",
            "labels": labels if len(x.ordered) * len(y.ordered) <= MOST_LABELLED else None,
            "best": {"row": best[0], "column": best[1]},
        },
    }
    return Picture([trace], layout(dragmode=False, xaxis=_axis(x), yaxis=_axis(y)))


def _cells(points: pandas.DataFrame, x: SettingAxis, y: SettingAxis) -> Cells:
    """The recipes of each cell, by row and column."""
    cells: Cells = [[[] for _ in x.ordered] for _ in y.ordered]
    for row, i, j in zip(rows_of(points), y.columns, x.columns, strict=True):
        if i is not None and j is not None:
            cells[i][j].append(row)
    return cells


def _mean(rows: list[dict[str, Any]], of: str) -> float | None:
    return sum(row[of] for row in rows) / len(rows) if rows else None


def _best(cells: Cells, worths: list[list[float | None]]) -> tuple[int, int]:
    """The cell of the best recipe, or that with the best mean where cells have several."""
    has_means = any(len(rows) > 1 for row in cells for rows in row)
    known = [
        (not has_means and bool(cells[i][j][0]["best"]), worth, (i, j))
        for i, row in enumerate(worths)
        for j, worth in enumerate(row)
        if worth is not None
    ]
    return max(known, key=lambda cell: cell[:2])[2]


def _label(value: float | None, is_best: bool, is_share: bool) -> str:
    if value is None:
        return ""
    return ("★ " if is_best else "") + (f"{100 * value:.1f}" if is_share else f"{value:.3g}")


def _words(rows: list[dict[str, Any]], is_share: bool) -> str:
    if len(rows) < 2:
        return lines(rows[0]["words"]) if rows else ""
    mean = _label(_mean(rows, "value"), False, is_share) + (" %" if is_share else "")
    return "<br>".join([f"Mean of {len(rows)} recipes: {mean}", *(lines(row["words"]) for row in rows)])


def _chosen(rows: list[dict[str, Any]]) -> int | None:
    return int(max(rows, key=lambda row: float(row["worth"]))["number"]) if rows else None


def _percent(is_share: bool) -> dict[str, Any]:
    return {"tickformat": ".0%"} if is_share else {}


def _axis(setting: SettingAxis) -> dict[str, Any]:
    ordered = setting.ordered
    return {
        "automargin": True,
        "showgrid": False,
        "tickvals": list(range(len(ordered))),
        "ticktext": [plain(text) for _, text in ordered],
        "range": [-0.5, len(ordered) - 0.5],
        "title": {"text": plain(setting.title), "font": {"size": 12}},
    }
