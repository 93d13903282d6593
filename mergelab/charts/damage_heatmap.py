"""The damage map: one row per layer, one column per module, like the conflict heatmap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mergelab.charts.axis_names import cell_axes, layer_name, module_name
from mergelab.charts.conflict_heatmap import MAX_LABELLED_CELLS, cells_layout
from mergelab.charts.style import DIVERGING, HEATMAP, Picture, plain

if TYPE_CHECKING:
    from mergelab.analysis.damage import CellDamage, DamageMap
    from mergelab.evaluation.scores.paired import PairedDifference

Known = Mapping[tuple[str, str], "PairedDifference | None"]
"""The damage of each cell, by layer and module."""
LEAST = 1.0
"""Points at which the colour scale ends at least, so that a map without damage is pale."""
MUTED = 0.5
OPACITY = {"clear": 1.0, "pale": MUTED, "waiting": MUTED}
"""Of cells whose interval excludes 0, of those whose interval includes it, and of those that are not measured yet."""
UNKNOWN = "not measured yet"


def damage_heatmap(found: DamageMap, task: str = "") -> Picture:
    """A heatmap of layers (rows) and modules (columns), coloured by the damage in points on a task, or the mean over all.

    Up to three traces with the same axes: cells whose interval excludes 0, pale ones whose interval includes it, and those that
    are not measured yet. `customdata` has the layer and module of each cell, `text` its figure, interval and rows in words.
    """
    by_place = {(cell.layer, cell.module): cell for cell in found.cells}
    layers, modules = cell_axes(by_place)
    table = [[by_place.get((layer, module)) for module in modules] for layer in layers]
    known = {place: found.damage(cell, task) for place, cell in by_place.items()}
    limit = max([LEAST, *(100 * abs(each.value) for each in known.values() if each)])

    def each(of: Callable[[CellDamage], Any]) -> list[list[Any]]:
        return [[of(cell) if cell else None for cell in row] for row in table]

    shared = {
        **HEATMAP,
        "x": [module_name(module) for module in modules],
        "y": [layer_name(layer) for layer in layers],
        "text": [[cell_words(found, cell, task) if cell else "" for cell in row] for row in table],
        "customdata": each(lambda cell: [cell.layer, cell.module]),
        "zmin": -limit,
        "zmax": limit,
        "colorscale": [list(stop) for stop in DIVERGING],
        "meta": {
            "palette": "diverging",
            "labels": _labels(each(lambda cell: _label(known[(cell.layer, cell.module)]))),
        },
    }
    drawn = {shade: each(partial(_shade, known, shade)) for shade in OPACITY}
    traces = [
        {**shared, "name": shade, "z": z, "opacity": OPACITY[shade], "showscale": False}
        for shade, z in drawn.items()
        if _has_cells(z)
    ]
    traces[0] |= {"showscale": True, "colorbar": _colour_bar(limit)}
    return Picture(traces, cells_layout())


def damage_summary(found: DamageMap, task: str = "") -> str:
    """Where the damage is largest, and for how many cells that is more than chance."""
    from mergelab.analysis.damage import clear_sentence  # charts of the page need nothing else of it

    known = [(each, cell) for cell in found.cells if (each := found.damage(cell, task))]
    if not known:
        return "No cell is measured yet."
    _, worst = max(known, key=lambda pair: pair[0].value)
    largest = f"Largest damage: {cell_words(found, worst, task).replace('<br>', ', ')}. "
    alike = all(found.is_unchanged(cell, task) for cell in found.cells)
    return ("" if alike else largest) + clear_sentence(found, task)


def cell_words(found: DamageMap, cell: CellDamage, task: str = "") -> str:
    """A cell in words: its damage with the interval and the number of rows."""
    where, damage = f"{layer_name(cell.layer)}, {plain(cell.module)}", found.damage(cell, task)
    if damage is None:
        return f"{where}: {UNKNOWN}"
    if found.is_unchanged(cell, task):
        return f"{where}: 0 exactly<br>the merge has these very tensors there"
    low, high = _signed(100 * damage.low), _signed(100 * damage.high)
    return f"{where}: {_signed(100 * damage.value)} points ({low} to {high})<br>{damage.n:,} examples"


def _shade(known: Known, shade: str, cell: CellDamage) -> float | None:
    """The damage in points if the cell has this shade: clear of 0, pale, or waiting, which has no colour of its own."""
    damage = known[(cell.layer, cell.module)]
    if damage is None:
        return 0.0 if shade == "waiting" else None
    return 100 * damage.value if shade == ("clear" if damage.excludes_zero else "pale") else None


def _has_cells(z: list[list[Any]]) -> bool:
    return any(value is not None for row in z for value in row)


def _label(damage: PairedDifference | None) -> str:
    return _signed(100 * damage.value) if damage else "…"


def _labels(found: list[list[Any]]) -> list[list[str]] | None:
    """What is written in the cells; None if there are too many."""
    few = sum(map(len, found)) <= MAX_LABELLED_CELLS
    return [[label or "" for label in row] for row in found] if few else None


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−").replace("+0.0", "0.0").replace("−0.0", "0.0")


def _colour_bar(limit: float) -> dict[str, Any]:
    ends = [f"−{limit:.0f}", "0", f"+{limit:.0f}"]
    return {"thickness": 8, "len": 1, "outlinewidth": 0, "x": 1.01, "tickvals": [-limit, 0, limit], "ticktext": ends}
