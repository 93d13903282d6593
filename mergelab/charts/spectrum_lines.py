"""The singular values of one tensor's deltas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from mergelab.analysis.static import TensorSpectrum
from mergelab.charts import Picture, style_of
from mergelab.charts.figure_layout import axis, framed, line, short_names
from mergelab.charts.style import INK

MERGED_ROLE: dict[str, Any] = {"meta": {"role": "merged"}}


def spectrum_lines(found: TensorSpectrum, places: Mapping[str, int] | None = None) -> Picture:
    """A falling line for each expert in its colour and the merged delta in ink; a dot marks the rank at 95 % energy.

    `places` are the experts' in their suite, by reference; without them they count in order. Empty where there is a reason.
    """
    names, lines = short_names(found.names), []
    for number, (name, values) in enumerate(zip(found.names, found.values, strict=True)):
        merged = number == len(found.names) - 1
        look = style_of((places or {}).get(name, number))
        colour, role = (INK, MERGED_ROLE) if merged else (look.colour, {})
        numbers = range(1, len(values) + 1)
        drawn = line(names[name], numbers, values.tolist(), colour, "solid" if merged else look.dash, **role)
        dots = line(
            names[name], [], [], colour, mode="markers", marker={"color": colour, "size": 8}, hoverinfo="skip", **role
        )
        if not numpy.isnan(found.ranks[number]):
            place = int(found.ranks[number])
            dots |= {
                "x": [place],
                "y": [float(values[place - 1])],
                "hovertemplate": "95 % of the energy in %{x}<extra></extra>",
            }
        lines += [drawn, dots]
    return framed(
        lines,
        hovermode="x unified",
        xaxis=axis("singular value, largest first"),
        yaxis=axis("size", rangemode="tozero"),
    )


def spectrum_summary(found: TensorSpectrum) -> str:
    """How many directions hold 95 % of each delta, or why nobody can say."""
    if found.reason:
        return f"{found.key} has no singular values to show: {found.reason}."
    names, side = short_names(found.names), min(found.rows, found.columns)
    parts = [
        f"{names[name]} " + ("is 0" if numpy.isnan(rank) else f"needs {rank:.0f}")
        for name, rank in zip(found.names, found.ranks, strict=True)
    ]
    return f"For 95 % of its energy, of {side} directions: {'; '.join(parts)}."
