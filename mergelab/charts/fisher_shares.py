"""How experts' Fisher information is spread, and who wins where."""

from __future__ import annotations

from collections.abc import Mapping
from math import log10

import pandas

from mergelab.analysis.static import FisherViews
from mergelab.charts import Picture, percent, plain, rows_of, style_of
from mergelab.charts.figure_layout import axis, framed, heat, line, short_names, words


def fisher_histogram(views: FisherViews, places: Mapping[str, int] | None = None) -> Picture:
    """A step line an expert over log10 F, the area under it the share of its entries above 0; a line at the floor."""
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
    """How concentrated each expert's information is, in one sentence."""
    names = short_names(views.names)
    parts = [f"{names[row['expert']]} {percent(row['top'])}" for row in rows_of(views.experts)]
    return f"Share of all Fisher information that the top 1 % of the entries hold: {', '.join(parts)}."


def fisher_wins(views: FisherViews, expert: str, figure: str = "wins") -> Picture:
    """Layers down, modules across: the share of entries in which `expert` has the largest weight, or its mean `weight`."""
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
    """Who wins how much of the model, in one sentence."""
    names, weighted = short_names(views.names), views.cells.assign(won=views.cells["wins"] * views.cells["entries"])
    totals = weighted.groupby("expert", sort=False)[["won", "entries"]].sum()
    shares: pandas.Series[float] = totals["won"] / totals["entries"]
    parts = [f"{names[str(name)]} {percent(float(share))}" for name, share in shares.items()]
    return f"Share of the entries whose largest Fisher weight is this expert's: {', '.join(parts)}."


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
