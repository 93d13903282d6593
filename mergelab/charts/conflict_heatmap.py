"""The conflict heatmap: one row per layer, one column per module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy
import pandas

from mergelab.charts.axis_names import cell_axes, layer_name, module_name
from mergelab.charts.style import HEAT, HEATMAP, Picture, layout, number, percent, plain, rows_of

MAX_LABELLED_CELLS = 150
LARGE = 0.5
"""The difference of shares at which the colour scale ends."""


@dataclass(frozen=True)
class Rate:
    """A share that colours the cells: its title, its wording in a cell, the words for a cell without it, and the column of
    the share of a cell's weights that it refers to (all of them for an empty name). `roots` spreads the colours of small
    shares, which shares of all weights are: they follow the square root."""

    title: str
    words: str
    nothing: str
    of: str = ""
    roots: bool = False


RATES = {
    "conflict_of_all": Rate("of all weights", "{share} of {count:,} weights conflict", "unknown", roots=True),
    "conflict": Rate(
        "of shared weights",
        "{share} of {count:,} shared weights conflict",
        "no weight is kept by two experts",
        "coactive",
    ),
    "cancellation": Rate(
        "cancelled", "{share} of the kept magnitude is cancelled by opposite signs", "nothing is kept", "active"
    ),
}
"""By column of `cells`. The first one is the headline: conflicting weights, as a share of all."""
HEADLINE = "conflict_of_all"
FEWEST = 30
"""A share of fewer weights says little, so such a cell has no colour, but the number of its weights."""
ROOT_TICKS = (0, 0.2, 0.5, 1)


def conflict_heatmap(cells: pandas.DataFrame, rate: str = HEADLINE) -> Picture:
    """A heatmap of layers (rows) and modules (columns), coloured by one of `RATES` from 0 to 1.

    `cells` comes from a preview; combinations of layer and module that do not exist are empty. `customdata` has the layer
    and module of each cell, `meta` what the page colours by.
    """
    heatmap = {**HEATMAP, **grid(cells, rate)}
    if len(heatmap["x"]) * len(heatmap["y"]) <= MAX_LABELLED_CELLS:
        heatmap["texttemplate"] = "%{z:.0%}"
    return Picture([heatmap], cells_layout())


def cells_layout() -> dict[str, Any]:
    """The layout of every map of layers and modules, so that the eye can compare two of them."""
    axis = {"automargin": True, "showgrid": False, "type": "category", "tickfont": {"size": 11}}
    return layout(xaxis={**axis, "side": "bottom", "dtick": 1}, yaxis={**axis, "autorange": "reversed"})


def difference_heatmap(one: pandas.DataFrame, other: pandas.DataFrame, rate: str = HEADLINE) -> Picture:
    """The rate of `other` minus that of `one`, for the cells that both have; the colour scale ends at `LARGE`."""
    both = one.merge(other, on=["layer", "module"], suffixes=(" one", " other"), sort=False)
    both["entries"], both[rate] = both["entries other"], both[f"{rate} other"] - both[f"{rate} one"]
    for of in ("coactive", "active"):
        both[of] = both[[f"{of} one", f"{of} other"]].min(axis=1)
    picture = conflict_heatmap(both, rate)
    (trace,) = picture.data
    words = {(cell["layer"], cell["module"]): _difference(cell, rate) for cell in rows_of(both)}
    trace["text"] = [[words.get(tuple(place), "") if place else "" for place in row] for row in trace["customdata"]]
    trace |= {"zmin": -LARGE, "zmax": LARGE, "meta": {**trace["meta"], "palette": "diverging"}}
    ends = [f"−{100 * LARGE:.0f} %", "0", f"+{100 * LARGE:.0f} %"]
    trace["colorbar"] = {**trace["colorbar"], "tickvals": [-LARGE, 0, LARGE], "ticktext": ends}
    if "texttemplate" in trace:
        trace["texttemplate"] = "%{z:+.0%}"
    return picture


def _difference(cell: Mapping[str, Any], rate: str) -> str:
    first, second = (percent(cell[f"{rate} {which}"]) for which in ("one", "other"))
    return f"{_where(cell)}: {first} in A, {second} in B"


def grid(cells: pandas.DataFrame, rate: str) -> dict[str, Any]:
    """The part of the heatmap that depends on the data: names of columns and rows, values, hover texts."""
    found = {(cell["layer"], cell["module"]): cell for cell in rows_of(cells)}
    layers, modules = cell_axes(found)
    table = [[found.get((layer, module)) for module in modules] for layer in layers]
    return {
        "x": [module_name(module) for module in modules],
        "y": [layer_name(layer) for layer in layers],
        "z": [
            [number(cell[rate]) if cell and _counted(cell, rate) >= FEWEST else None for cell in row] for row in table
        ],
        "text": [[_words(cell, rate) if cell else "" for cell in row] for row in table],
        "customdata": [[[cell["layer"], cell["module"]] if cell else None for cell in row] for row in table],
        **_colours(RATES[rate].roots),
        "meta": {
            "palette": "roots" if RATES[rate].roots else "heat",
            "few": [[_few(cell, rate) for cell in row] for row in table],
        },
    }


def _colours(roots: bool) -> dict[str, Any]:
    """The colours of shares from 0 to 1, by their square roots if `roots`."""
    bar = {"thickness": 8, "len": 1, "outlinewidth": 0, "tickformat": ".0%", "x": 1.01}
    ticks = ROOT_TICKS if roots else (0, 0.5, 1)
    stops = [[at**2 if roots else at, colour] for at, colour in HEAT]
    return {"colorscale": stops, "colorbar": {**bar, "tickvals": list(ticks)}}


def _counted(cell: Mapping[str, Any], rate: str) -> int:
    """The number of weights that the share refers to."""
    of = RATES[rate].of
    return round(cell["entries"] * (cell[of] if of else 1)) if not (of and numpy.isnan(cell[of])) else 0


def _few(cell: Mapping[str, Any] | None, rate: str) -> int | None:
    """The number of weights of a cell that has too few of them for a share; None for other cells."""
    if cell is None or numpy.isnan(cell[rate]) or _counted(cell, rate) >= FEWEST:
        return None
    return _counted(cell, rate)


def _words(cell: Mapping[str, Any], rate: str) -> str:
    """The hover text of a cell, with counts."""
    chosen, size = RATES[rate], f"({cell['entries']:,.0f} weights"
    if numpy.isnan(cell[rate]):
        return f"{_where(cell)}: {chosen.nothing} {size})"
    said = chosen.words.format(share=percent(cell[rate], 1), count=_counted(cell, rate))
    few = "<br>too few weights for a share" if _few(cell, rate) is not None else ""
    return f"{_where(cell)}: {said}{few}<br>{size} in all)"


def _where(cell: Mapping[str, Any]) -> str:
    return f"{layer_name(cell['layer'])}, {plain(cell['module'])}"


NO_CONFLICT = "No weight is kept by two experts, so there is no conflict to show."


def by_conflict(cells: pandas.DataFrame) -> pandas.DataFrame:
    """The cells, those with the largest number of conflicting weights first, and those where it is unknown last.

    By number, not by share: a share of few weights is large by chance, and the numbers of all cells add up to the headline.
    """
    return cells.sort_values("conflicting", ascending=False, kind="stable", na_position="last")


def conflict_summary(cells: pandas.DataFrame) -> str:
    """The heatmap in one sentence."""
    first, whole = rows_of(by_conflict(cells).head(1)), cells["conflicting"].sum()
    if not first or not cells["coactive"].gt(0).any():
        return NO_CONFLICT
    if not whole:
        return "No two experts pull a weight in opposite directions."
    (most,) = first
    return (
        f"Most conflicting weights: {_where(most)}, {most['conflicting']:,.0f} of its {most['entries']:,.0f} weights "
        f"({percent(most['conflict_of_all'], 1)})."
    )
