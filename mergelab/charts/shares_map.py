"""The map of which expert decides most in each layer and module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import pandas

from mergelab.charts.axis_names import layer_name, layers_from_top, module_name, module_place
from mergelab.charts.conflict_heatmap import MAX_LABELLED_CELLS
from mergelab.charts.style import HEATMAP, Picture, layout, percent, plain, style_of

AXIS = {"automargin": True, "showgrid": False, "type": "category", "tickfont": {"size": 11}}


def shares_map(shares: pandas.DataFrame, titles: Mapping[str, str], places: Mapping[str, int]) -> Picture:
    """A map of layers (rows) and modules (columns) in the colour of the expert with the largest share, which is written there.

    `shares` has layer, module, expert and share, NaN where no expert has one; `titles` and `places` are by expert. `z` is
    the expert's number, `meta` has the written texts, and `text` every expert's share.
    """
    table = shares.pivot(index=["layer", "module"], columns="expert", values="share")
    experts = list(dict.fromkeys(shares["expert"]))
    found = {cell: numpy.array(row) for cell, row in zip(table.index, table[experts].to_numpy(), strict=True)}
    layers = layers_from_top(shares["layer"])
    modules = sorted(dict.fromkeys(shares["module"]), key=module_place)
    grid: list[list[Any]] = [[found.get((layer, module)) for module in modules] for layer in layers]
    names = [plain(titles.get(expert, expert)) for expert in experts]
    words = [
        [_words(layer, module, names, row) for module, row in zip(modules, cells, strict=True)]
        for layer, cells in zip(layers, grid, strict=True)
    ]
    best = [[None if _empty(row) else int(numpy.nanargmax(row)) for row in cells] for cells in grid]
    labels = [["" if _empty(row) else f"{numpy.nanmax(row):.0%}" for row in cells] for cells in grid]
    trace = {
        **HEATMAP,
        "x": [module_name(module) for module in modules],
        "y": [layer_name(layer) for layer in layers],
        "z": best,
        "zmin": -0.5,
        "zmax": len(experts) - 0.5,
        "text": words,
        "customdata": [[[layer, module] for module in modules] for layer in layers],
        "colorscale": _steps([style_of(places.get(expert, row)).colour for row, expert in enumerate(experts)]),
        "showscale": False,
        "meta": {"palette": "experts", "labels": labels if len(layers) * len(modules) <= MAX_LABELLED_CELLS else None},
    }
    return Picture([trace], layout(xaxis={**AXIS, "side": "bottom"}, yaxis={**AXIS, "autorange": "reversed"}))


def shares_summary(shares: pandas.DataFrame, titles: Mapping[str, str]) -> str:
    """In how many cells each expert has the largest share, in one sentence."""
    known = shares.dropna(subset=["share"])
    if known.empty:
        return "No expert changes anything here."
    most = known.loc[known.groupby(["layer", "module"], sort=False)["share"].idxmax(), "expert"].value_counts()
    parts = [f"{titles.get(str(name), str(name))} in {count}" for name, count in most.items()]
    cells = int(most.sum())
    return f"Largest share, of {cells} {'cell' if cells == 1 else 'cells'}: {', '.join(parts)}."


def _empty(row: Any) -> bool:
    return row is None or bool(numpy.isnan(row).all())


def _words(layer: str, module: str, names: Sequence[str], row: Any) -> str:
    """Every expert's share in a cell, the largest first."""
    where = f"{layer_name(layer)}, {plain(module)}"
    if _empty(row):
        return f"{where}: no expert changes anything"
    ordered = sorted(zip(row, names, strict=True), key=lambda pair: -pair[0])
    return "<br>".join([where, *(f"{name}: {percent(float(share), 1)}" for share, name in ordered)])


def _steps(colours: Sequence[str]) -> list[list[Any]]:
    """A colour scale with one flat step for each colour."""
    count = len(colours)
    return [[(place + end) / count, colour] for place, colour in enumerate(colours) for end in (0, 1)]
