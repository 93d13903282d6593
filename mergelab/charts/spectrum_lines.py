"""The chart of the singular values of one tensor's deltas."""

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
    """One line per expert in its colour, and one for the merged delta; a dot marks the rank at 95 % of the energy.

    `places` are the experts' positions in their suite, by reference; the default is their order. The chart is empty if
    `found` has a reason instead of values.
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
                "hovertemplate": "rank %{x} holds 95 % of the energy<extra></extra>",
            }
        lines += [drawn, dots]
    return framed(
        lines,
        hovermode="x unified",
        xaxis=axis("singular value, largest first"),
        yaxis=axis("size", rangemode="tozero"),
    )


def spectrum_summary(found: TensorSpectrum) -> str:
    """The number of directions that hold 95 % of each delta's energy, or the reason why it is unknown."""
    if found.reason:
        return f"{found.key} has no singular values to show: {found.reason}."
    names, side = short_names(found.names), min(found.rows, found.columns)
    parts = [
        f"{names[name]} " + ("is 0" if numpy.isnan(rank) else f"{rank:.0f}")
        for name, rank in zip(found.names, found.ranks, strict=True)
    ]
    return f"Directions needed for 95 % of the energy, of {side}: {'; '.join(parts)}."
