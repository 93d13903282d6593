"""The conflict heatmap: one row per layer, one column per module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy
import pandas

from mergelab.charts.axis_names import layer_name, module_name, module_place
from mergelab.charts.style import HEATMAP, Picture, layout, number, percent, plain, rows_of

MAX_LABELLED_CELLS = 150
LARGE = 0.5
"""The difference of shares at which the colour scale ends."""


@dataclass(frozen=True)
class Rate:
    """A share that colours the cells: its title, its wording in a cell, and the column of the entries it refers to."""

    title: str
    words: str
    of: str | None = None


RATES = {
    "conflict": Rate("by count", "{share} of {count:,} overlapping entries disagree", "coactive"),
    "conflict_of_all": Rate("of all entries", "{share} of all entries disagree"),
    "cancellation": Rate("by magnitude", "{share} of the kept magnitude is cancelled by opposite signs"),
}
NOTHING = {
    "conflict": "no entry is kept by two experts",
    "conflict_of_all": "unknown",
    "cancellation": "nothing is kept",
}


def conflict_heatmap(cells: pandas.DataFrame, rate: str = "conflict") -> Picture:
    """A heatmap of layers (rows) and modules (columns), coloured by one of `RATES` from 0 to 1.

    `cells` comes from a preview; combinations of layer and module that do not exist are empty. `customdata` has the layer
    and module of each cell.
    """
    heatmap = {
        **grid(cells, rate),
        **HEATMAP,
        "meta": {"palette": "heat"},
        "colorbar": {
            "thickness": 8,
            "len": 1,
            "outlinewidth": 0,
            "tickformat": ".0%",
            "tickvals": [0, 0.5, 1],
            "x": 1.01,
        },
    }
    if len(heatmap["x"]) * len(heatmap["y"]) <= MAX_LABELLED_CELLS:
        heatmap["texttemplate"] = "%{z:.0%}"
    axis = {"automargin": True, "showgrid": False, "type": "category", "tickfont": {"size": 11}}
    return Picture([heatmap], layout(xaxis={**axis, "side": "bottom"}, yaxis={**axis, "autorange": "reversed"}))


def difference_heatmap(one: pandas.DataFrame, other: pandas.DataFrame, rate: str = "conflict") -> Picture:
    """The rate of `other` minus that of `one`, for the cells that both have; the colour scale ends at `LARGE`."""
    both = one.merge(other, on=["layer", "module"], suffixes=(" one", " other"), sort=False)
    both["entries"], both[rate] = both["entries other"], both[f"{rate} other"] - both[f"{rate} one"]
    picture = conflict_heatmap(both.assign(coactive=0.0), rate)
    (trace,) = picture.data
    words = {(cell["layer"], cell["module"]): _difference(cell, rate) for cell in rows_of(both)}
    trace["text"] = [[words.get(tuple(place), "") if place else "" for place in row] for row in trace["customdata"]]
    trace |= {"zmin": -LARGE, "zmax": LARGE, "meta": {"palette": "diverging"}}
    trace["colorbar"] = {**trace["colorbar"], "tickformat": "+.0%", "tickvals": [-LARGE, 0, LARGE]}
    if "texttemplate" in trace:
        trace["texttemplate"] = "%{z:+.0%}"
    return picture


def _difference(cell: Mapping[str, Any], rate: str) -> str:
    first, second = (percent(cell[f"{rate} {which}"]) for which in ("one", "other"))
    return f"{_where(cell)}: {first} in A, {second} in B"


def grid(cells: pandas.DataFrame, rate: str) -> dict[str, Any]:
    """The part of the heatmap that depends on the data: names of columns and rows, values, hover texts."""
    found = {(cell["layer"], cell["module"]): cell for cell in rows_of(cells)}
    layers = list(dict.fromkeys(layer for layer, _ in found))
    modules = sorted(dict.fromkeys(module for _, module in found), key=module_place)
    table = [[found.get((layer, module)) for module in modules] for layer in layers]
    return {
        "x": [module_name(module) for module in modules],
        "y": [layer_name(layer) for layer in layers],
        "z": [[number(cell[rate]) if cell else None for cell in row] for row in table],
        "text": [[_words(cell, rate) if cell else "" for cell in row] for row in table],
        "customdata": [[[cell["layer"], cell["module"]] if cell else None for cell in row] for row in table],
    }


def _words(cell: Mapping[str, Any], rate: str) -> str:
    """The hover text of a cell, with counts."""
    size = f"({cell['entries']:,.0f} entries"
    if numpy.isnan(cell[rate]):
        return f"{_where(cell)}: {NOTHING[rate]} {size})"
    count = round(cell[RATES[rate].of or "coactive"] * cell["entries"])
    return f"{_where(cell)}: {RATES[rate].words.format(share=percent(cell[rate]), count=count)}<br>{size} in all)"


def _where(cell: Mapping[str, Any]) -> str:
    return f"{layer_name(cell['layer'])}, {plain(cell['module'])}"


def conflict_summary(cells: pandas.DataFrame) -> str:
    """The heatmap in one sentence, for users who cannot see it."""
    known = sorted(rows_of(cells.dropna(subset=["conflict"])), key=lambda cell: float(cell["conflict"]))
    if not known:
        return "No entry is kept by two experts, so there are no sign conflicts."
    return f"Signs disagree most in {_named(known[-1])}, least in {_named(known[0])}."


def _named(cell: Mapping[str, Any]) -> str:
    return f"{_where(cell)} ({percent(cell['conflict'])})"
