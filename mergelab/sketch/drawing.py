"""Drawing a sketch: two readings of all deltas."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.checkpoints import address
from mergelab.engine import Plan, Settled, deltas, drawn, kept_deltas, settle, settle_steps, sparse_deltas
from mergelab.methods.ops import rows
from mergelab.methods.registry import Draws
from mergelab.methods.stack import BINS, magnitude_bits
from mergelab.progress import Progress, Steps
from mergelab.sketch.curves import GRID, Curve, Curves, Sketch
from mergelab.sketch.cuts import Cut, cut_of, trims
from mergelab.sketch.levels import LEVELS, rank_levels

NEVER = GRID + 1
PER_TENSOR = ("conflict", "coactive", "active")
PER_EXPERT = ("kept", "mass")

_Part = dict[str, Curve]


@dataclass
class _Drawing:
    """A sketch under way: what is read, and what the first reading found."""

    settled: Settled
    cut: Cut
    upper: Tensor
    """(n_models, BINS) counts of the upper 16 bits of all magnitudes in tensors that some model changed."""
    idle: set[str] = field(default_factory=set)
    """Tensors that no model changed."""

    @property
    def changed(self) -> int:
        """Entries of the tensors that some model changed."""
        return int(self.upper[0].sum())


def draw_sketch(plan: Plan, device: str = "cpu") -> Steps[Sketch]:
    """Read the deltas twice and summarise them for the plan's recipe; the order of experts is the recipe's."""
    cut = cut_of(plan.recipe)
    drawing = _Drawing((yield from _prepared(plan, cut, device)), cut, torch.zeros(len(plan.experts), BINS).long())
    yield from _count(drawing)
    tables = _tables(drawing.upper, drawing.changed, cut.outliers)
    parts: list[list[_Part]] = []
    for number, key in enumerate(plan.keys, 1):
        parts.append(_parts(drawing, key, tables))
        yield Progress("Sketching", number, len(plan.keys), key)
    return _sketch(drawing, parts)


def ranked(settled: Settled, key: str) -> Tensor:
    """(n_models, count): the deltas among which the recipe's last step chooses, before it does."""
    values = sparse_deltas(settled, key) if trims(settled.plan.recipe.rule) else deltas(settled, key)
    return rows(values)


def _prepared(plan: Plan, cut: Cut, device: str) -> Steps[Settled]:
    """The plan with the surveys done that its curves need."""
    trimming = trims(plan.recipe.rule)
    if trimming and cut.by == "survivors":
        return (yield from settle(plan, device))
    if trimming or cut.by == "survivors":
        return (yield from settle_steps(plan, device))
    return Settled.unsurveyed(plan, device)


def _count(drawing: _Drawing) -> Steps[None]:
    """The first reading: magnitudes by the upper 16 bits."""
    keys = drawing.settled.plan.keys
    for number, key in enumerate(keys, 1):
        values = ranked(drawing.settled, key)
        if values.any():
            drawing.upper += _histogram(magnitude_bits(values) >> 16)
        else:
            drawing.idle.add(key)
        yield Progress("Ranking magnitudes", number, len(keys), key)


def _sketch(drawing: _Drawing, parts: list[list[_Part]]) -> Sketch:
    plan, upper = drawing.settled.plan, drawing.upper
    order = numpy.argsort(plan.positions)
    places = [address(key) for key in plan.keys]
    return Sketch(
        experts=tuple(plan.experts[place].name for place in order),
        layers=tuple(layer for layer, _ in places),
        modules=tuple(module for _, module in places),
        entries=numpy.array([plan.base.specs[key].count for key in plan.keys], dtype=numpy.int64),
        changed=drawing.changed,
        magnitudes=upper.reshape(len(upper), BINS // 16, 16).sum(2).numpy()[order],
        curves={
            name: _joined(list(of_tensors), order)
            for name, of_tensors in zip(drawing.cut.drawn, zip(*parts, strict=True), strict=False)
        },
    )


def _histogram(upper: Tensor) -> Tensor:
    return torch.stack([torch.bincount(row, minlength=BINS).cpu() for row in upper])


def _parts(drawing: _Drawing, key: str, tables: Tensor) -> list[_Part]:
    """One tensor's part of each of the curves."""
    settled, cut = drawing.settled, drawing.cut
    if cut.by == "survivors":
        return [_survivors(ranked(settled, key), rows(kept_deltas(settled, key)))]
    if key in drawing.idle:
        return [_nothing(len(settled.plan.experts)) for _ in cut.drawn]
    if cut.by == "levels":
        values = ranked(settled, key)
        return [_counted(values, values, torch.where(values == 0, NEVER, _bins(_levels(settled, key))))]
    return _by_rank(ranked(settled, key), tables, cut.outliers)


def _levels(settled: Settled, key: str) -> Tensor:
    """(n_models, count): the levels that the sparsifier gives to a tensor's deltas."""
    plan, values = settled.plan, deltas(settled, key)
    rule, step = plan.recipe.sparsifier, plan.recipe.sparsify
    assert rule is not None and step is not None, "only a sparsifier's entries have levels"
    draws = drawn(plan, key).to(values.device) if rule.wanting(Draws) else None
    return rows(LEVELS[rule.name].of(values, draws, step.knobs))


def _survivors(offered: Tensor, kept: Tensor) -> _Part:
    """Two levels: what is kept starts at once, what is dropped at the very end."""
    levels = torch.where(kept != 0, 1, torch.where(offered == 0, NEVER, GRID))
    return _counted(offered, torch.where(kept == 0, offered, kept), levels)


def _by_rank(values: Tensor, tables: Tensor, outliers: float) -> list[_Part]:
    """For each scope, magnitudes being ranked over the whole model (`tables`) or in this tensor."""
    upper = magnitude_bits(values) >> 16
    histogram = _histogram(upper)
    parts = []
    for scoped in (tables, _tables(histogram, values.shape[1], outliers)):
        levels = torch.stack([table.to(values.device)[row] for table, row in zip(scoped, upper, strict=True)])
        parts.append(_overlaps(values, levels) | _binned_survivors(values, upper, histogram, scoped))
    return parts


def _tables(histogram: Tensor, count: int, outliers: float) -> Tensor:
    """(n_models, BINS): the level bin of every magnitude bin; zeros are NEVER kept."""
    tables = _bins(rank_levels(histogram, count, outliers))
    tables[:, 0] = NEVER
    return tables


def _bins(levels: Tensor) -> Tensor:
    """The grid's bins of levels, int16; a level above 1 is never reached."""
    bins = (GRID * levels.sqrt()).ceil().clamp(1, NEVER)
    return bins.to(torch.int16)


def _overlaps(signed: Tensor, levels: Tensor) -> _Part:
    """Where one, two and two opposed deltas start to be kept."""
    never = torch.full_like(levels[0], NEVER)
    first, second, positive, negative = never, never, never, never
    for row, level in zip(signed, levels, strict=True):
        second = torch.minimum(second, torch.maximum(first, level))
        first = torch.minimum(first, level)
        # A zero's level is NEVER, so it may count on either side.
        positive = torch.minimum(positive, torch.where(row > 0, level, NEVER))
        negative = torch.minimum(negative, torch.where(row > 0, NEVER, level))
    conflict = torch.maximum(positive, negative)
    return {"conflict": _cumulative(conflict), "coactive": _cumulative(second), "active": _cumulative(first)}


def _binned_survivors(values: Tensor, upper: Tensor, histogram: Tensor, tables: Tensor) -> _Part:
    """Kept entries and squares by level, summed over magnitude bins first: all of a bin share a level."""
    squares = [torch.bincount(bins, row.double().square(), BINS).cpu() for bins, row in zip(upper, values, strict=True)]
    return {
        "kept": numpy.stack([_cumulative(levels, row.double()) for levels, row in zip(tables, histogram, strict=True)]),
        "mass": numpy.stack([_cumulative(levels, row) for levels, row in zip(tables, squares, strict=True)]),
    }


def _counted(offered: Tensor, signed: Tensor, levels: Tensor) -> _Part:
    """All curves entry by entry, (n_models, count) each; squares are those of `offered`, signs those of `signed`."""
    pairs = list(zip(offered, levels, strict=True))
    return _overlaps(signed, levels) | {
        "kept": numpy.stack([_cumulative(level) for _, level in pairs]),
        "mass": numpy.stack([_cumulative(level, row.double().square()) for row, level in pairs]),
    }


def _nothing(n_experts: int) -> _Part:
    flat = {name: numpy.zeros(GRID + 1) for name in PER_TENSOR}
    return flat | {name: numpy.zeros((n_experts, GRID + 1)) for name in PER_EXPERT}


def _cumulative(levels: Tensor, weights: Tensor | None = None) -> Curve:
    counts = torch.bincount(levels, weights, minlength=NEVER + 1)[: GRID + 1]
    return counts.double().cumsum(0).cpu().numpy()


def _joined(parts: list[_Part], order: NDArray[numpy.int64]) -> Curves:
    per_tensor = {name: numpy.stack([part[name] for part in parts]) for name in PER_TENSOR}
    per_expert = {name: numpy.sum([part[name] for part in parts], axis=0)[order] for name in PER_EXPERT}
    return Curves(**per_tensor, **per_expert)
