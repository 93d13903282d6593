"""Charts of the distribution of experts' Fisher information, and of which expert has the largest weight where."""

from __future__ import annotations

from collections.abc import Mapping
from math import log10

import pandas

from mergelab.analysis.static import FisherViews
from mergelab.charts import Picture, percent, plain, rows_of, style_of
from mergelab.charts.figure_layout import axis, framed, heat, line, short_names, words


def fisher_histogram(views: FisherViews, places: Mapping[str, int] | None = None) -> Picture:
    """One step line per expert over log10 F, whose area is the share of entries above 0; a vertical line at the floor."""
    names, lines = short_names(views.names), []
    for place, (name, shares) in enumerate(zip(views.names, views.shares, strict=True)):
        look = style_of((places or {}).get(name, place))
        drawn = line(names[name], views.edges[:-1].tolist(), shares.tolist(), look.colour, look.dash)
        drawn["line"]["shape"] = "hv"
        lines.append(drawn)
    floor = [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "x0": at,
            "x1": at,
            "opacity": 0.6,
            "line": {"color": "#7A7F87", "width": 1.5, "dash": "dot"},
        }
        for at in _log(views.floor)
    ]
    return framed(
        lines,
        shapes=floor,
        hovermode="x unified",
        xaxis=axis("log₁₀ of the Fisher information of an entry"),
        yaxis=axis("share per decade", rangemode="tozero"),
    )


def fisher_summary(views: FisherViews) -> str:
    """The concentration of each expert's information in one sentence."""
    names = short_names(views.names)
    parts = [f"{names[row['expert']]} {percent(row['top'])}" for row in rows_of(views.experts)]
    return f"Share of all Fisher information in the top 1 % of the entries: {', '.join(parts)}."


def fisher_wins(views: FisherViews, expert: str, figure: str = "wins") -> Picture:
    """A heatmap of layers and modules: the share of entries where `expert` has the largest weight, or its mean weight."""
    own = views.cells[views.cells["expert"] == expert]
    layers, modules = (list(dict.fromkeys(own[column])) for column in ("layer", "module"))
    found = {(row["layer"], row["module"]): row for row in rows_of(own)}
    z = [[_value(found, layer, module, figure) for module in modules] for layer in layers]
    text = [[_words(found, layer, module) for module in modules] for layer in layers]
    return framed(
        [heat([plain(module) for module in modules], [plain(layer) for layer in layers], z, text)],
        xaxis=words(side="bottom"),
        yaxis=words(autorange="reversed"),
    )


def wins_summary(views: FisherViews) -> str:
    """The share of the model that each expert wins, in one sentence."""
    names, weighted = short_names(views.names), views.cells.assign(won=views.cells["wins"] * views.cells["entries"])
    totals = weighted.groupby("expert", sort=False)[["won", "entries"]].sum()
    shares: pandas.Series[float] = totals["won"] / totals["entries"]
    parts = [f"{names[str(name)]} {percent(float(share))}" for name, share in shares.items()]
    return f"Share of the entries in which the expert has the largest Fisher weight: {', '.join(parts)}."


def _log(floor: float) -> list[float]:
    return [log10(floor)] if floor > 0 else []


def _value(found: Mapping[tuple[str, str], Mapping[str, float]], layer: str, module: str, figure: str) -> float | None:
    row = found.get((layer, module))
    return None if row is None else float(row[figure])


def _words(found: Mapping[tuple[str, str], Mapping[str, float]], layer: str, module: str) -> str:
    row = found.get((layer, module))
    if row is None:
        return ""
    return f"{plain(layer)}, {plain(module)}: largest in {percent(row['wins'])} of the entries, mean weight {percent(row['weight'])}"
