"""The chart of feature similarity (linear CKA) by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas

from mergelab.charts import Picture, plain, style_of
from mergelab.charts.figure_layout import axis, framed, line, short_names, words
from mergelab.charts.style import MUTED


def feature_lines(features: pandas.DataFrame, experts: Sequence[str]) -> Picture:
    """Lines of `features` (from `cka_by_layer`): base with expert in the expert's colour, pairs of experts in grey."""
    known = features[features["status"] == "measured"]
    own = {f"base × {name}": style_of(place) for place, name in enumerate(experts)}
    short = short_names(experts)
    lines = []
    for of, rows in known.groupby("of", sort=False):
        look = own.get(str(of))
        x = [f"layer {layer}" if layer.isdigit() else plain(layer) for layer in rows["layer"]]
        colour, dash = (look.colour, look.dash) if look else (MUTED, "solid")
        together = {} if look else {"legendgroup": "two experts"}
        lines.append(line(_pair(str(of), short), x, rows["value"].tolist(), colour, dash, **together))
    lines.sort(key=lambda each: each["line"]["color"] != MUTED)
    return framed(lines, xaxis=words(), yaxis=axis(range=[0, 1.02]))


def features_summary(features: pandas.DataFrame, experts: Sequence[str]) -> str:
    """Where the models' features differ most, or why they were not compared."""
    known = features[features["status"] == "measured"]
    if known.empty:
        return f"Features were not compared: {features['reason'].iloc[0]}."
    least = known.iloc[int(known["value"].argmin())]
    pair = _pair(str(least["of"]), short_names(experts)).replace(" × ", " and ")
    return f"Features differ most after {_layer(least['layer'])}, between {pair} (CKA {least['value']:.2f})."


def _pair(of: str, short: Mapping[str, str]) -> str:
    return " × ".join(short.get(name, name) for name in of.split(" × "))


def _layer(layer: str) -> str:
    return f"layer {layer}" if layer.isdigit() else f"the {layer}"
