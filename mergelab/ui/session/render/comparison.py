"""Two recipes side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from mergelab.charts import HEADLINE, RATES, Picture, conflict_heatmap, difference_heatmap, dots_at, grid
from mergelab.evaluation.scores.notation import SHARES
from mergelab.recipe.diff import recipe_diff
from mergelab.ui.form.labels import DENSITY
from mergelab.ui.messages import ComparedMap, ComparedRate, ComparedSlot, ComparedSlots, Comparison, HeatmapLook
from mergelab.ui.session.chart_data import ChartData, ComparedRecipes
from mergelab.ui.session.render.changed_settings import changed_settings
from mergelab.ui.session.render.charts import CHIPS, name_of
from mergelab.ui.session.render.compared_scores import compared_scores
from mergelab.ui.session.render.curve_charts import DOT, curve_pictures, drawn_behind, has_same_curves, place_of

SAME = "Both recipes are the same. Change a setting to see the differences here."
ONLY_DENSITY = "Identical curves: the recipes differ only in density (ring: A, dot: B)."
SAME_CURVES = "Identical curves: these recipes keep the same changes at equal density (ring: A, dot: B)."
OTHER_CURVES = "B’s curves, with A’s faint behind them. The rings mark where A stands, the dots where B does."
NO_CURVES = "One of the two recipes has no curve over the density."


def render_comparison(found: ComparedRecipes) -> Comparison:
    """Scores, the settings that differ, numbers, heatmaps and curves of both recipes."""
    one, other = found.sides
    changed, curves = changed_settings(one, other), _curves(one, other)
    slots = zip(found.sides, found.names, found.pinned, strict=True)
    return Comparison(
        slots=ComparedSlots(*(_slot(side, name, pinned) for side, name, pinned in slots)),
        at=name_of(one.at) if one.at else "",
        rates={name: rate.title for name, rate in RATES.items()},
        a=_heatmap(one),
        b=_heatmap(other),
        difference=_difference(one, other),
        curves=curves,
        curves_notice=_notice(one, other) if curves else NO_CURVES,
        numbers=_numbers(one, other),
        scores=compared_scores(found),
        diff=changed,
        same=SAME if one.recipe.digest() == other.recipe.digest() else "",
        summary=_summary(one, other),
    )


def _slot(side: ChartData, name: str, pinned: bool) -> ComparedSlot:
    label = side.preview.label
    return ComparedSlot(name, pinned, side.run if pinned else 0, CHIPS[label], label)  # type: ignore[arg-type]


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
    """B's curves with A's behind them and where both stand; None where one of them has no curves."""
    back, front = curve_pictures(one), curve_pictures(other)
    if not back or not front:
        return None
    place = place_of(other)
    dots = [] if place is None else dots_at(front[0], place, DOT)
    drawn = drawn_behind(front[0], back[0], place_of(one))
    return Picture([*drawn.data, *dots], drawn.layout)


def _notice(one: ChartData, other: ChartData) -> str:
    if not has_same_curves(one, other):
        return OTHER_CURVES
    differing = [each.name.rpartition(".")[2] for each in recipe_diff(one.recipe, other.recipe)]
    return ONLY_DENSITY if differing == [DENSITY] else SAME_CURVES


def _numbers(one: ChartData, other: ChartData) -> list[list[str]]:
    """Name, A, B and B - A in points."""
    pairs = zip(one.preview.numbers, other.preview.numbers, strict=True)
    return [[first.name, first.text, second.text, _points(second.value - first.value)] for first, second in pairs]


def _points(difference: float) -> str:
    return "–" if numpy.isnan(difference) else SHARES.difference(difference)


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
