"""The matrix of a static figure for each pair of experts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from mergelab.charts import Picture, plain
from mergelab.charts.figure_layout import framed, heat, or_none, short_names, words

SIGNED = ((0.0, "#b5542b"), (0.25, "#e3b79f"), (0.5, "#f3f1fa"), (0.75, "#9d8fdc"), (1.0, "#33217c"))
"""Colour scale for negative to positive values, with 0 in the middle."""


def pair_matrix(experts: Sequence[str], values: NDArray[Any], what: str, signed: bool = False) -> Picture:
    """A heatmap of `values` (n_experts, n_experts) from 0, or −1 if `signed`, to 1; the diagonal is empty."""
    names = [plain(short_names(experts)[name]) for name in experts]
    off = numpy.where(numpy.eye(len(names), dtype=bool), numpy.nan, values)
    text = [[_words(names, off, i, j, what) for j in range(len(names))] for i in range(len(names))]
    scale = {"zmin": -1, "colorscale": [list(stop) for stop in SIGNED]} if signed else {}
    cells = [[or_none(value) for value in row] for row in off]
    shown = heat(names, names, cells, text, texttemplate="%{z:.2f}", **scale)
    return framed([shown], xaxis=words(side="bottom"), yaxis=words(autorange="reversed"))


def matrix_summary(experts: Sequence[str], values: NDArray[Any], what: str) -> str:
    """The largest and the smallest value of a pair in one sentence."""
    names = short_names(experts)
    known = [
        (float(values[i, j]), f"{names[experts[i]]} and {names[experts[j]]}")
        for i in range(len(experts))
        for j in range(i)
        if not numpy.isnan(values[i, j])
    ]
    if not known:
        return f"No pair of experts has a {what} here."
    (low, nearest), (high, farthest) = min(known), max(known)
    if len(known) == 1:
        return f"{what[0].upper()}{what[1:]} of {nearest}: {low:.2f}."
    return f"{what[0].upper()}{what[1:]} is largest between {farthest} ({high:.2f}), smallest between {nearest} ({low:.2f})."


def _words(names: Sequence[str], values: NDArray[Any], i: int, j: int, what: str) -> str:
    return "" if numpy.isnan(values[i, j]) else f"{names[i]} and {names[j]}: {what} {values[i, j]:.3f}"
