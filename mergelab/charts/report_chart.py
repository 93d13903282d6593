"""The registry of report charts; each chart is a decorated function that also gives its summary and explanation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mergelab.charts.style import Picture

if TYPE_CHECKING:
    from mergelab.analysis.static import InspectionReport

Section = Literal["settings", "models"]
"""The section of a chart: "settings" for the recipe's settings, "models" for the models before any method."""


@dataclass(frozen=True)
class ReportChart:
    """One chart of the report.

    `summary` describes the picture in words; `computed` says how it is computed. `height` is in pixels; `wide` charts
    use the full width.
    """

    name: str
    title: str
    picture: Picture
    summary: str
    computed: str
    height: int = 300
    wide: bool = False


Draw = Callable[["InspectionReport"], Iterator[ReportChart]]
REPORT_CHARTS: dict[str, tuple[Section, Draw]] = {}


def report_chart(section: Section) -> Callable[[Draw], Draw]:
    """Register a function that yields the charts for a report, or none if there is nothing to draw.

    Functions for "settings" are called only if the figures for the recipe's settings are known.
    """

    def register(draw: Draw) -> Draw:
        if draw.__name__ in REPORT_CHARTS:
            raise ValueError(f"there is already a report chart {draw.__name__!r}; give this function another name")
        REPORT_CHARTS[draw.__name__] = (section, draw)
        return draw

    return register


def tall(rows: int) -> int:
    """The height in pixels of a heatmap with this number of rows."""
    return max(200, 26 * rows + 90)
