"""What the Compare tab is sent: two recipes side by side, as JSON."""

from __future__ import annotations

from typing import Any

import numpy

from mergelab.charts import RATES, conflict_heatmap, difference_heatmap, grid, percent
from mergelab.jobs.workbench import Run
from mergelab.recipe.diff import recipe_diff
from mergelab.ui.page.live_messages import CHIPS, behind, curve_pictures, name_of
from mergelab.ui.session.messages import Charts, Comparison
from mergelab.ui.session.pins import SLOTS
from mergelab.ui.session.score_tables import TaskFace, table

SAME = "Both recipes are the same. Turn a knob, and what changes stands here."
UNSCORED = "Scores appear here once both recipes were merged on the same rows."


def compare_data(found: Comparison) -> dict[str, Any]:
    """Both sides' heatmaps by every rate, what B has more than A, curves, numbers, scores, and the knobs that differ."""
    one, other = found.sides
    changed = [_shown(each.name, each.one, each.other) for each in recipe_diff(one.recipe, other.recipe)]
    return {
        "slots": {
            slot: _slot(side, pinned) for slot, side, pinned in zip(SLOTS, found.sides, found.pinned, strict=True)
        },
        "at": name_of(one.at) if one.at else "",
        "rates": {name: rate.title for name, rate in RATES.items()},
        "a": _heatmap(one),
        "b": _heatmap(other),
        "difference": _differences(one, other),
        "curves": _curves(one, other),
        "numbers": _numbers(one, other),
        "scores": _scores(found.runs, found.tasks),
        "unscored": UNSCORED,
        "diff": changed,
        "same": SAME if not changed else "",
        "summary": _summary(one, other),
    }


def _slot(side: Charts, pinned: bool) -> dict[str, Any]:
    rules = " after ".join(rule.title for rule in (side.recipe.rule, side.recipe.sparsifier) if rule)
    return {
        "name": side.name,
        "title": rules,
        "pinned": pinned,
        "chip": CHIPS[side.preview.label],
        "label": side.preview.label,
    }


def _shown(name: str, one: Any, other: Any) -> list[str]:
    return [name, *("–" if value is None else str(value) for value in (one, other))]


def _heatmap(side: Charts) -> dict[str, Any]:
    cells = side.preview.cells
    rates = {rate: {part: grid(cells, rate)[part] for part in ("z", "text")} for rate in RATES}
    return {"figure": vars(conflict_heatmap(cells)), "rates": rates}


def _differences(one: Charts, other: Charts) -> dict[str, Any]:
    pictures = {rate: difference_heatmap(one.preview.cells, other.preview.cells, rate) for rate in RATES}
    rates = {rate: {part: picture.data[0][part] for part in ("z", "text")} for rate, picture in pictures.items()}
    return {"figure": vars(pictures["conflict"]), "rates": rates}


def _curves(one: Charts, other: Charts) -> dict[str, Any] | None:
    """B's curves with A's behind; None where one of them has none."""
    back, front = curve_pictures(one), curve_pictures(other)
    return vars(behind(front[0], back[0])) if front and back else None


def _numbers(one: Charts, other: Charts) -> list[list[str]]:
    """Name, A, B and B - A in points."""
    pairs = zip(one.preview.numbers, other.preview.numbers, strict=True)
    return [[first.name, first.text, second.text, _points(second.value - first.value)] for first, second in pairs]


def _points(difference: float) -> str:
    return "–" if numpy.isnan(difference) else f"{100 * difference:+.1f}".replace("-", "−")


def _scores(runs: tuple[Run | None, ...], tasks: dict[str, TaskFace]) -> list[list[str]]:
    """Task, A and B with their 95 % intervals, B - A in points, n; nothing unless both were scored on as many rows."""
    if None in runs:
        return []
    first, second = ({row["title"]: row for row in table(run, tasks, {})} for run in runs if run)
    both = [title for title in first if title in second and first[title]["n"] == second[title]["n"]]
    return [
        [title, *_cells(first[title]["merged"], second[title]["merged"]), f"{first[title]['n']:,}"] for title in both
    ]


def _cells(one: dict[str, float], other: dict[str, float]) -> list[str]:
    said = [
        f"{percent(score['value'], 1)} ({percent(score['low'])} – {percent(score['high'])})" for score in (one, other)
    ]
    return [*said, _points(other["value"] - one["value"])]


def _summary(one: Charts, other: Charts) -> str:
    """For whoever does not see the heatmaps."""
    change = difference_heatmap(one.preview.cells, other.preview.cells).data[0]
    values = [value for row in change["z"] for value in row if value is not None]
    if not values:
        return "The two recipes have no cell in common whose conflict is known."
    return f"B's conflict differs from A's by {_points(min(values))} to {_points(max(values))} points over {len(values)} cells."
