"""The heatmap of a static figure: one row per layer, one column per module."""

from __future__ import annotations

from typing import Any

import pandas

from mergelab.analysis.static import DEFINITIONS
from mergelab.analysis.static.figure import mean_of
from mergelab.charts import Picture, plain, rows_of
from mergelab.charts.axis_names import PARTS
from mergelab.charts.conflict_heatmap import MAX_LABELLED_CELLS
from mergelab.charts.figure_layout import framed, heat, words

GROUPS = ("", "attention", "cross", "mlp")


def layer_map(groups: pandas.DataFrame, figure: str) -> Picture:
    """The mean of `figure` over experts (or pairs) in each cell of `Inspection.groups`; cells without it are empty."""
    found = cells_of(groups, figure)
    layers = list(dict.fromkeys(each["layer"] for each in found))
    modules = sorted(dict.fromkeys(each["module"] for each in found), key=_order)
    by_place = {(each["layer"], each["module"]): each for each in found}
    grid = [[by_place.get((layer, module)) for module in modules] for layer in layers]
    title = DEFINITIONS[figure].title
    text = [[_words(each, title) if each else "" for each in row] for row in grid]
    labels = {"texttemplate": "%{z:.2g}"} if len(layers) * len(modules) <= MAX_LABELLED_CELLS else {}
    most = max((each["value"] for each in found), default=1.0)
    shown = heat(
        [_module(module) for module in modules],
        [_layer(layer) for layer in layers],
        [[each["value"] if each else None for each in row] for row in grid],
        text,
        zmax=most or 1.0,
        **labels,
    )
    return framed([shown], xaxis=words(side="bottom"), yaxis=words(autorange="reversed"))


def layer_summary(groups: pandas.DataFrame, figure: str) -> str:
    """Where the figure is largest and smallest in one sentence."""
    found = sorted(cells_of(groups, figure), key=lambda each: float(each["value"]))
    title = DEFINITIONS[figure].title
    if not found:
        return f"No tensor has the figure {title}; the table of tensors gives the reasons."
    low, high = found[0], found[-1]
    return f"The {title} is largest in {_where(high)} ({high['value']:.3g}), smallest in {_where(low)} ({low['value']:.3g})."


def cells_of(groups: pandas.DataFrame, figure: str) -> list[dict[str, Any]]:
    """Rows of layer, module and value (mean over experts or pairs), for each cell that has the figure."""
    chosen = groups[(groups["kind"] == "cell") & (groups["figure"] == figure) & (groups["status"] == "measured")]
    means = chosen.groupby("name", sort=False)["value"].agg(mean_of).reset_index()
    places = means["name"].str.split(" ", n=1, expand=True)
    if means.empty:
        return []
    return rows_of(pandas.DataFrame({"layer": places[0], "module": places[1], "value": means["value"]}))


def _order(module: str) -> tuple[int, int]:
    """A sort key: modules outside blocks first, then attention, then the rest, each in the order of computation."""
    group, _, part = module.rpartition(".")
    return (GROUPS.index(group) if group in GROUPS else len(GROUPS), PARTS.index(part) if part in PARTS else len(PARTS))


def _layer(layer: str) -> str:
    return f"layer {layer}" if layer.isdigit() else plain(layer)


def _module(module: str) -> str:
    return plain(module).replace("attention", "attn").replace("mlp.", "mlp ").replace("attn.", "attn ")


def _where(cell: dict[str, Any]) -> str:
    return f"{_layer(cell['layer'])}, {cell['module']}"


def _words(cell: dict[str, Any], title: str) -> str:
    return f"{_layer(cell['layer'])}, {plain(cell['module'])}: {title} {cell['value']:.3g}"
