"""Two recipes side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from mergelab.charts import HEADLINE, RATES, Picture, conflict_heatmap, difference_heatmap, grid, percent
from mergelab.recipe.diff import recipe_diff
from mergelab.ui.messages import (
    ComparedMap,
    ComparedRate,
    ComparedSlot,
    ComparedSlots,
    Comparison,
    HeatmapLook,
    ScoreMessage,
    ScoreRow,
)
from mergelab.ui.session.chart_data import ChartData, ComparedRecipes
from mergelab.ui.session.render.charts import CHIPS, name_of
from mergelab.ui.session.render.curve_charts import curve_pictures, drawn_behind
from mergelab.ui.session.score_tables import table

SAME = "Both recipes are the same. Turn a knob to see the differences here."
UNSCORED = "Scores appear here once both recipes were merged and scored on the same examples."


def render_comparison(found: ComparedRecipes) -> Comparison:
    """Heatmaps, curves, numbers and scores of both recipes, and the settings that differ."""
    one, other = found.sides
    changed = [_changed(each.name, each.one, each.other) for each in recipe_diff(one.recipe, other.recipe)]
    return Comparison(
        slots=ComparedSlots(*(_slot(side, pinned) for side, pinned in zip(found.sides, found.pinned, strict=True))),
        at=name_of(one.at) if one.at else "",
        rates={name: rate.title for name, rate in RATES.items()},
        a=_heatmap(one),
        b=_heatmap(other),
        difference=_difference(one, other),
        curves=_curves(one, other),
        numbers=_numbers(one, other),
        scores=_scores(found),
        unscored=UNSCORED,
        diff=changed,
        same=SAME if not changed else "",
        summary=_summary(one, other),
    )


def _slot(side: ChartData, pinned: bool) -> ComparedSlot:
    title = " after ".join(rule.title for rule in (side.recipe.rule, side.recipe.sparsifier) if rule)
    label = side.preview.label
    return ComparedSlot(side.name, title, pinned, CHIPS[label], label)  # type: ignore[arg-type]


def _changed(name: str, one: Any, other: Any) -> list[str]:
    return [name, *("–" if value is None else str(value) for value in (one, other))]


def _heatmap(side: ChartData) -> ComparedMap:
    cells = side.preview.cells
    return ComparedMap(conflict_heatmap(cells), {rate: _rate(grid(cells, rate)) for rate in RATES})


def _difference(one: ChartData, other: ChartData) -> ComparedMap:
    pictures = {rate: _difference_picture(one, other, rate) for rate in RATES}
    return ComparedMap(pictures[HEADLINE], {rate: _rate(picture.data[0]) for rate, picture in pictures.items()})


def _difference_picture(one: ChartData, other: ChartData, rate: str = HEADLINE) -> Picture:
    return difference_heatmap(one.preview.cells, other.preview.cells, rate)


def _rate(trace: Mapping[str, Any]) -> ComparedRate:
    return ComparedRate(trace["z"], trace["text"], HeatmapLook(**trace["meta"]))


def _curves(one: ChartData, other: ChartData) -> Picture | None:
    """B's curves with A's behind them; None where one of them has none."""
    back, front = curve_pictures(one), curve_pictures(other)
    return drawn_behind(front[0], back[0]) if front and back else None


def _numbers(one: ChartData, other: ChartData) -> list[list[str]]:
    """Name, A, B and B - A in points."""
    pairs = zip(one.preview.numbers, other.preview.numbers, strict=True)
    return [[first.name, first.text, second.text, _points(second.value - first.value)] for first, second in pairs]


def _points(difference: float) -> str:
    return "–" if numpy.isnan(difference) else f"{100 * difference:+.1f}".replace("-", "−")


def _scores(found: ComparedRecipes) -> list[list[str]]:
    """Task, A and B with their 95 % intervals, B - A in points, n; empty unless both were scored on as many examples."""
    tables = [{row.title: row for row in table(run, found.tasks, {})} for run in found.runs if run]
    if len(tables) < 2:
        return []
    pairs = [(row, tables[1][title]) for title, row in tables[0].items() if title in tables[1]]
    return [_score_row(one, other) for one, other in pairs if one.n == other.n]


def _score_row(one: ScoreRow, other: ScoreRow) -> list[str]:
    first, second = one.merged, other.merged
    if first is None or second is None:
        return [one.title, "–", "–", "–", f"{one.n:,}"]
    return [one.title, _score(first), _score(second), _points(second.value - first.value), f"{one.n:,}"]


def _score(score: ScoreMessage) -> str:
    return f"{percent(score.value, 1)} ({percent(score.low)} – {percent(score.high)})"


def _summary(one: ChartData, other: ChartData) -> str:
    """The difference of the heatmaps in words, for screen readers."""
    change = _difference_picture(one, other).data[0]
    values = [value for row in change["z"] for value in row if value is not None]
    if not values:
        return "The two recipes have no cell in common whose conflicting weights are known."
    return (
        f"B's share of conflicting weights differs from A's by {_points(min(values))} to {_points(max(values))} points "
        f"over {len(values)} cells."
    )
