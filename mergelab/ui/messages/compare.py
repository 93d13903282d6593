"""The message of the Compare tab: two recipes side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.ui.messages.charts import ChartLabel, HeatmapLook, Numbers
from mergelab.ui.messages.message import CurveFigure, HeatmapFigure, message


@message
class ComparedSlot:
    """One of the two recipes."""

    name: str
    """The first eight digits of the recipe's digest."""
    title: str
    """The method, and the sparsifier before it."""
    pinned: bool
    """Whether the recipe is pinned; otherwise it is the one on the sidebar."""
    chip: str
    """How its figures were obtained, for a person."""
    label: ChartLabel
    """How its figures were obtained."""


@message
class ComparedRate:
    """A heatmap's values under one of the rates."""

    z: Sequence[Numbers]
    """The share of each cell by row and column; null where it is undefined."""
    text: Sequence[Sequence[str]]
    """Each cell in words, by row and column."""
    meta: HeatmapLook
    """How the cells are coloured."""


@message
class ComparedMap:
    """A heatmap of the comparison."""

    figure: HeatmapFigure
    """The heatmap, coloured by the first rate."""
    rates: Mapping[str, ComparedRate]
    """What can colour the heatmap, by name."""


@message
class ComparedSlots:
    """The two recipes."""

    a: ComparedSlot
    """The recipe on the left."""
    b: ComparedSlot
    """The recipe on the right."""


@message
class Comparison:
    """Two recipes side by side."""

    slots: ComparedSlots
    """Which recipes are compared."""
    at: str
    """The cell that both are narrowed to; empty text for all tensors."""
    rates: Mapping[str, str]
    """The titles of the rates by name."""
    a: ComparedMap
    """The heatmap of A."""
    b: ComparedMap
    """The heatmap of B."""
    difference: ComparedMap
    """B minus A."""
    curves: CurveFigure | None
    """B's curves with A's behind them; null where one of them has none."""
    numbers: Sequence[Sequence[str]]
    """Rows of name, A, B, and B minus A in points."""
    scores: Sequence[Sequence[str]]
    """Rows of task, A, B, B minus A in points, and the number of examples."""
    unscored: str
    """What stands in place of missing scores."""
    diff: Sequence[Sequence[str]]
    """Rows of the settings that differ: name, A, B."""
    same: str
    """What stands in place of the rows if the recipes are equal; else empty text."""
    summary: str
    """The difference in one sentence, for screen readers."""
