"""Messages of the Lab tab: the charts that follow the knobs, and the curves over every density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import CurveFigure, Figure, HeatmapFigure, message

ChartLabel = TypeAliasType(
    "ChartLabel",
    A[
        Literal["preview", "exact", "unknown"],
        Field(description="Read from a sketch, counted weight by weight, or not available for these settings."),
    ],
)
Numbers = Sequence[float | None]


@message
class CellTitle:
    """One cell of the heatmap, as the list of cells names it."""

    layer: str
    """The layer, as the sketch names it."""
    module: str
    """The module, as the sketch names it."""
    title: str
    """Both names for a person, with the number and the share of conflicting weights."""


@message
class TensorTitle:
    """One tensor of a cell."""

    key: str
    """The name of the tensor in the checkpoint."""
    shape: str
    """The shape for a person, such as `8 × 8`."""


@message
class NarrowedCell:
    """The cell that the charts are narrowed to."""

    layer: str
    """The layer, as the sketch names it."""
    module: str
    """The module, as the sketch names it."""
    title: str
    """Both names for a person."""
    tensors: Sequence[TensorTitle]
    """The tensors of the cell."""


@message
class HeatmapLook:
    """How the page colours a heatmap of shares."""

    palette: Literal["heat", "roots", "diverging"]
    """The colour scale: by the share, by its square root, or below and above 0."""
    few: Sequence[Sequence[int | None]]
    """By row and column: the number of weights where they are too few for a share; null elsewhere."""


@message
class HeatmapRate:
    """One of the shares that can colour the heatmap."""

    title: str
    """The name on the switch."""
    z: Sequence[Numbers]
    """The share of each cell by row and column; null where it is undefined."""
    text: Sequence[Sequence[str]]
    """Each cell in words, by row and column."""
    meta: HeatmapLook
    """How the cells are coloured."""


@message
class HeatmapChart:
    """Sign conflicts by layer and module."""

    figure: HeatmapFigure
    """The heatmap, coloured by the first rate."""
    rates: Mapping[str, HeatmapRate]
    """What can colour the heatmap, by name."""
    summary: str
    """The chart in one sentence."""
    empty: str
    """What stands over an empty chart; empty text if the chart has data."""


@message
class HistogramChart:
    """Magnitudes of the changes."""

    figure: Figure
    """One line for each expert."""
    summary: str
    """The chart in one sentence."""
    notice: str
    """What the threshold line does, or why there is none."""
    empty: str = ""
    """Always empty text: the histogram always has data."""


@message
class PairsChart:
    """Every pair of experts."""

    figure: HeatmapFigure
    """The share of the weights kept by both experts that they pull in opposite directions."""
    cosines: HeatmapFigure
    """The cosine between two experts' kept changes."""
    experts: Sequence[tuple[str, str]]
    """Each expert's reference and title, in the order of the axes."""
    summary: str
    """The chart in one sentence."""
    empty: str
    """What stands over an empty chart; empty text if the chart has data."""


@message
class KeptChart:
    """What each layer keeps of each expert."""

    figure: HeatmapFigure
    """Layers down, experts across."""
    summary: str
    """The chart in one sentence."""
    empty: str
    """What stands over an empty chart; empty text if the chart has data."""


@message
class LegendEntry:
    """One expert in the histogram's legend."""

    title: str
    """The expert's name."""
    colour: str
    """The expert's colour in every chart."""
    dash: str
    """The expert's dash pattern in every chart."""
    kept: float | None
    """The share of the expert's weights that is kept, in tensors that some expert changed; null if unknown, or if nothing is
    dropped."""


@message
class SharesChart:
    """How much of the merge each expert decides, by layer and module."""

    figure: HeatmapFigure
    """A map in the colours of the experts with the largest shares; without traces if it is empty."""
    title: str
    """The heading of the card."""
    notice: str
    """What a share is a share of."""
    legend: Sequence[LegendEntry]
    """The experts in the order of the recipe; `kept` is null."""
    summary: str
    """The chart in one sentence."""
    empty: str
    """What stands there instead of an empty chart; empty text if the chart has data."""


@message
class KeyNumber:
    """One figure of the numbers strip."""

    name: str
    """What the number is called."""
    text: str
    """The number, formatted."""
    help: str
    """What the number means."""


@message
class ExpertRow:
    """One row of the table of experts."""

    title: str
    """The expert's name, short enough for the table."""
    colour: str
    """The expert's colour in every chart."""
    name: str
    """The expert's whole name."""
    cells: Sequence[str]
    """One formatted figure for each column of the table."""


@message
class ExpertColumn:
    """One column of the table of experts."""

    name: str
    """What the figure is called."""
    help: str
    """What the figure means."""


@message
class ExpertTable:
    """The table of experts."""

    columns: Sequence[ExpertColumn]
    """The figures that say something about the recipe."""
    rows: Sequence[ExpertRow]
    """One row for each expert."""
    notice: str
    """How to read the table."""


@message
class ThresholdLine:
    """The threshold line of the histogram: the knob it moves, and what each value of the knob keeps."""

    key: str
    """The experts whose changes `shares` counts, separated by spaces."""
    elem_id: str
    """The widget of the knob."""
    title: str
    """The name of the knob."""
    value: float
    """The value of the knob in the recipe."""
    low: float
    """The smallest value of the slider."""
    high: float
    """The largest value of the slider."""
    step: float
    """The step of the slider."""
    edges: Sequence[float]
    """The ends of the histogram's bins, log10 of the magnitude."""
    shares: Sequence[Sequence[float]]
    """By expert and bin: the share of the expert's weights in the bin."""
    thresholds: Numbers
    """By expert: log10 of the recipe's threshold; null where it keeps everything or nothing."""
    colours: Sequence[str]
    """The colour of each expert."""


@message
class CurvePosition:
    """The recipe's position on the curves, and the knob that moves it."""

    place: float | None
    """The position on the horizontal axis; null if unknown."""
    dial: str | None
    """The widget that moves the position; null where no knob does."""
    half: float | None
    """The density that halves the number of conflicting weights; null if there is none."""
    step: float | None
    """The step of the knob; null where no knob moves the position."""
    advice: str
    """What the density does to the conflicting weights, in words."""
    halved: str
    """What is said once that density is set; empty text if there is none."""


@message
class Charts:
    """Everything that moves with the knobs."""

    label: ChartLabel
    """How the figures were obtained."""
    chip: str
    """The same for a person, beside the headings."""
    remark: str
    """How exact the figures are."""
    name: str
    """The first eight digits of the recipe's digest."""
    digest: str
    """The recipe's digest."""
    recipe: str
    """The recipe's name, such as `TIES · density 0.2`."""
    models: str
    """The base and the number of experts, which the recipe's name does not say."""
    heatmap: HeatmapChart
    """Sign conflicts by layer and module."""
    histogram: HistogramChart
    """Magnitudes of the changes."""
    pairs: PairsChart
    """Every pair of experts."""
    kept: KeptChart
    """What each layer keeps of each expert."""
    shares: SharesChart
    """How much of the merge each expert decides, by layer and module."""
    hidden: Sequence[str]
    """The names of the cards that say nothing about the recipe."""
    numbers: Sequence[KeyNumber]
    """The numbers strip."""
    legend: Sequence[LegendEntry]
    """The histogram's legend."""
    experts: ExpertTable
    """The table of experts."""
    line: ThresholdLine | None
    """The threshold line; null where no magnitude decides what is kept."""
    at: NarrowedCell | None
    """The cell that the charts are narrowed to; null for all tensors."""
    cells: Sequence[CellTitle]
    """Every cell, those with most conflicting weights first."""
    now: CurvePosition
    """The recipe's position on the curves."""


@message
class CurveLine:
    """How one line of the overview is explained."""

    key: str
    """The name of the line in its trace's `meta`."""
    title: str
    """The line's name in the legend."""
    role: str
    """The theme's colour for the line."""
    dash: str
    """The dash pattern of the line."""
    help: str
    """What the line shows."""


@message
class PinnedCurves:
    """The pinned recipe behind the curves."""

    title: str
    """The recipe's name."""
    run: int
    """The number of its run; 0 if none is remembered."""
    place: float | None
    """The recipe's position on its curves; null if unknown."""
    same: bool
    """Whether the curves are the same as those of the recipe on the sidebar, so that only the position differs."""


@message
class CurvesMessage:
    """The charts over every density. Sent only if they differ from what the page has."""

    figure: CurveFigure | None
    """The overview; null where these settings have no curve."""
    cosines: CurveFigure | None
    """The cosine by expert; null where these settings have no curve."""
    summary: str
    """The curves in one sentence."""
    empty: str
    """Why there are no curves; empty text if there are."""
    lines: Sequence[CurveLine]
    """The explanation of each line."""
    pinned: PinnedCurves | None
    """The pinned recipe whose curves are drawn behind; null if none is pinned."""
