"""The message of the Compare tab: two recipes side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.ui.messages.message import CurveFigure, HeatmapFigure, message
from mergelab.ui.messages.scores import ScoreDifference, ScoreMessage
from mergelab.ui.messages.tabs.charts import ChartLabel, HeatmapLook, Numbers


@message
class ComparedSlot:
    """One of the two recipes."""

    title: str
    """The recipe's name, which tells what differs from the other one."""
    pinned: bool
    """Whether the recipe is pinned; otherwise it is the one on the sidebar."""
    run: int
    """The number of a pinned recipe's run; 0 if none is remembered."""
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
class ComparedScore:
    """One task, or the mean over all of them, in both merges."""

    title: str
    """The task's name, shortened."""
    full: str
    """The task's whole name."""
    colour: str | None
    """The colour of the task's own expert; null without one."""
    is_mean: bool
    """Whether this is the mean."""
    n: int
    """The number of examples."""
    scale: str
    """What it is measured in, and which way is better; empty text for per cent."""
    a: ScoreMessage | None
    """The score of A; null if A was not scored on this task."""
    b: ScoreMessage | None
    """The score of B; null if B was not scored on this task."""
    difference: ScoreDifference | None
    """B minus A on the same examples; null if they did not answer the same ones."""
    remark: str
    """What the difference means, or why there is none."""


@message
class ComparedScores:
    """The scores of both merges."""

    rows: Sequence[ComparedScore]
    """One row per task, then the mean over those whose scores are shares; empty while a merge is not scored."""
    verdict: str
    """The result in one sentence; empty text without scores."""
    empty: str
    """Why there are no scores, and what to do; empty text if there are."""
    ask: bool
    """Whether a button can merge and score what is not scored yet."""


@message
class ComparedSetting:
    """A setting that differs."""

    label: str
    """What the sidebar calls the setting."""
    full: str
    """The same with the whole names of models."""
    a: str
    """Its value in A."""
    b: str
    """Its value in B."""


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
    curves_notice: str
    """How to read the curves."""
    numbers: Sequence[Sequence[str]]
    """Rows of name, A, B, and B minus A in points."""
    scores: ComparedScores
    """The scores of both merges."""
    diff: Sequence[ComparedSetting]
    """The settings that differ."""
    same: str
    """What stands in place of the rows if the recipes are equal; else empty text."""
    summary: str
    """The difference in one sentence, for screen readers."""
