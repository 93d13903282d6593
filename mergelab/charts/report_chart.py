"""The charts of a report: a decorated function is one chart, and brings its summary and its explanation along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mergelab.charts.style import Picture

if TYPE_CHECKING:
    from mergelab.analysis.static import InspectionReport

Section = Literal["settings", "models"]
"""Where a chart stands: with the recipe's settings, or with what the models are before any method."""


@dataclass(frozen=True)
class ReportChart:
    """`summary` says in words what the picture shows, `computed` how. `height` is in pixels; `wide` charts take the whole
    width."""

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
    """Register a function that yields charts of a report, none where there is nothing to draw. Those of "settings" are
    asked only where the figures at the recipe's settings are known."""

    def register(draw: Draw) -> Draw:
        REPORT_CHARTS[draw.__name__] = (section, draw)
        return draw

    return register


def tall(rows: int) -> int:
    """The height of a heatmap with that many rows."""
    return max(200, 26 * rows + 90)
