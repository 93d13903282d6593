"""Drawing a sketch: two readings of all deltas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial, reduce

import numpy
import torch
from torch import Tensor

from mergelab.analysis.sketch.curves import GRID, Curve, Curves, Sketch
from mergelab.analysis.sketch.delta_reader import Deltas, Table
from mergelab.analysis.sketch.levels import LEVELS, level_bins
from mergelab.analysis.sketch.magnitude_counts import Counts, draw_table
from mergelab.analysis.sketch.magnitude_histogram import MagnitudeHistogram, joined, unsigned
from mergelab.analysis.sketch.operating_point import OperatingPoint, operating_point, trims
from mergelab.analysis.sketch.survival_histogram import LEVEL_COUNT, NEVER, SurvivalHistogram, curves_of
from mergelab.checkpoints import address
from mergelab.engine import (
    Chunk,
    Plan,
    PreparedMerge,
    deltas,
    in_order,
    input_chunks,
    input_threads,
    kept_deltas,
    prepare,
    prepare_steps,
    sparse_deltas,
)
from mergelab.methods.ops.elementwise import rows
from mergelab.methods.ops.stack import BINS, Stack
from mergelab.runtime.progress import Progress, ProgressGen

Part = dict[str, Curve]
"""One tensor's part of the arrays of `Curves`; nothing stands for zeros."""


@dataclass
class _Drawing:
    """A sketch under way: what is read, and what the first reading found."""

    prepared: PreparedMerge
    cut: OperatingPoint
    counts: dict[str, Counts] = field(default_factory=dict)
    sizes: dict[str, MagnitudeHistogram] = field(default_factory=dict)

    @property
    def stored(self) -> bool:
        """Whether the second reading leaves everything to kernels where there are some."""
        step = self.prepared.plan.recipe.sparsify
        return self.cut.by == "ranks" or (self.cut.by == "levels" and step is not None and LEVELS[step.name].by_draw)

    @property
    def sparse(self) -> bool:
        """Whether the last step chooses among what others leave."""
        return trims(self.prepared.plan.recipe.rule)

    @property
    def order(self) -> list[int]:
        """The plan's place of each expert of the recipe."""
        return list(self.prepared.plan.listed)

    @cached_property
    def all_counts(self) -> Counts:
        """Those of all tensors that some model changed."""
        total = torch.zeros(len(self.order), BINS, dtype=torch.int64)
        for found in self.counts.values():
            found.add_to(total)
        return Counts.of(total, True)

    @cached_property
    def table(self) -> Table:
        """(n_models, BINS): levels of magnitudes ranked over the model, or of draws where those decide."""
        counts = self.all_counts
        return draw_table(len(self.order)) if self.cut.by == "levels" else counts.table(counts.total, self.cut.outliers)


def build_sketch(plan: Plan, device: str = "cpu") -> ProgressGen[Sketch]:
    """Read the deltas twice and summarise them for the plan's recipe; the order of experts is the recipe's."""
    cut = operating_point(plan.recipe)
    drawing = _Drawing((yield from _prepared(plan, cut, device)), cut)
    yield from _count(drawing)
    drawn = [_empty(drawing) for _ in cut.drawn]
    parts = in_order(partial(_parts, drawing), plan.keys, input_threads(drawing.prepared, drawing.stored))
    for number, (key, found) in enumerate(zip(plan.keys, parts, strict=True)):
        for curves, part in zip(drawn, found, strict=True):
            _put(curves, number, part)
        yield Progress("Sketching", number + 1, len(plan.keys), key)
    return _sketch(drawing, dict(zip(cut.drawn, drawn, strict=True)))


def ranked(prepared: PreparedMerge, key: str) -> Tensor:
    """(n_models, count): the deltas among which the recipe's last step chooses, before it does."""
    values = sparse_deltas(prepared, key) if trims(prepared.plan.recipe.rule) else deltas(prepared, key)
    return rows(values)


def _prepared(plan: Plan, cut: OperatingPoint, device: str) -> ProgressGen[PreparedMerge]:
    """The plan with the surveys done that its curves need."""
    trimming = trims(plan.recipe.rule)
    if trimming and cut.by == "survivors":
        return (yield from prepare(plan, device))
    if trimming or cut.by == "survivors":
        return (yield from prepare_steps(plan, device))
    return PreparedMerge.unsurveyed(plan, device)


def _count(drawing: _Drawing) -> ProgressGen[None]:
    """The first reading: magnitudes by the upper 16 bits."""
    keys = drawing.prepared.plan.keys
    found = in_order(partial(_counted, drawing), keys, input_threads(drawing.prepared, stored=True))
    for number, (key, (counts, sizes)) in enumerate(zip(keys, found, strict=True), 1):
        drawing.counts[key], drawing.sizes[key] = counts, sizes
        yield Progress("Ranking magnitudes", number, len(keys), key)


def _counted(drawing: _Drawing, key: str) -> tuple[Counts, MagnitudeHistogram]:
    """One tensor's counts."""
    found = [read.counted() for read in _read(drawing, key, stored=True)]
    signed = torch.stack([counts for counts, _ in found]).sum(0)
    return Counts.of(unsigned(signed), any(moved for _, moved in found)), MagnitudeHistogram.of(signed)


def _read(drawing: _Drawing, key: str, stored: bool, even: bool = True) -> Iterator[Deltas]:
    """A tensor's deltas, chunk by chunk."""
    for chunk in input_chunks(drawing.prepared, key, stored):
        yield Deltas(drawing.prepared, chunk, drawing.sparse, even)


def _empty(drawing: _Drawing) -> Curves:
    """Zeros to put one tensor after the other in."""
    n_tensors, n_experts = len(drawing.prepared.plan.keys), len(drawing.order)
    curves = Curves.filled(numpy.zeros, n_tensors, n_experts)
    if drawing.cut.by != "survivors":
        return curves
    return replace(curves, offered=numpy.zeros((n_tensors, n_experts, GRID + 1), numpy.float32))


def _put(curves: Curves, number: int, part: Part) -> None:
    for name, found in part.items():
        getattr(curves, name)[number] = found


def _parts(drawing: _Drawing, key: str) -> list[Part]:
    """One tensor's part of each of the curves."""
    counts = drawing.counts[key]
    if drawing.cut.by == "survivors":
        return [_survivors(drawing, key)]
    if not counts.moved:
        return [{} for _ in drawing.cut.drawn]
    found = _levelled(drawing, key, counts) if drawing.cut.by == "levels" else _by_rank(drawing, key, counts)
    return [curves_of(reduce(SurvivalHistogram.plus, chunks), drawing.order) for chunks in zip(*found, strict=True)]


def _by_rank(drawing: _Drawing, key: str, counts: Counts) -> Iterator[list[SurvivalHistogram]]:
    """The steps of a tensor's chunks with magnitudes ranked over the whole model and in this tensor."""
    tables = numpy.stack([drawing.table, counts.table(counts.total, drawing.cut.outliers)])
    for read in _read(drawing, key, drawing.stored, counts.even):
        yield read.ranked(tables)


def _levelled(drawing: _Drawing, key: str, counts: Counts) -> Iterator[list[SurvivalHistogram]]:
    """The steps of a tensor's chunks at the levels that the sparsifier gives them."""
    step = drawing.prepared.plan.recipe.sparsify
    assert step is not None, "only a sparsifier's entries have levels"
    levels = LEVELS[step.name]
    for read in _read(drawing, key, drawing.stored, counts.even):
        if levels.by_draw:
            yield read.drawn(drawing.table[None])
        else:
            yield [read.stepped(level_bins(levels.of(read.shaped, read.draws, step.knobs)))]


def _survivors(drawing: _Drawing, key: str) -> Part:
    """Two levels: what is kept starts at once, what is dropped at the very end."""
    prepared = drawing.prepared
    offered, kept = ranked(prepared, key).cpu(), rows(kept_deltas(prepared, key)).cpu()
    levels = torch.where(kept != 0, 1, torch.where(offered == 0, NEVER, GRID))
    values = torch.where(kept == 0, offered, kept)
    chunk = Chunk(key, tuple(values.shape[1:]))
    even = Counts.of(Stack(key, values).upper_counts(), True).even
    found = Deltas(prepared, chunk, drawing.sparse, even, values).stepped(levels)
    return curves_of(found, drawing.order) | {"offered": _energies(offered, levels)[drawing.order]}


def _energies(offered: Tensor, levels: Tensor) -> Curve:
    """(n_models, GRID+1): the squares of what is offered up to each level."""
    squares = [
        torch.bincount(own, row.double().square(), LEVEL_COUNT) for own, row in zip(levels, offered, strict=True)
    ]
    return torch.stack(squares).cumsum(1)[:, : GRID + 1].numpy()


def _sketch(drawing: _Drawing, curves: dict[str, Curves]) -> Sketch:
    plan, upper = drawing.prepared.plan, drawing.all_counts.whole()
    places = [address(key) for key in plan.keys]
    sizes, first_size = joined([drawing.sizes[key] for key in plan.keys], len(drawing.order))
    return Sketch(
        experts=tuple(plan.experts[place].name for place in drawing.order),
        keys=tuple(plan.keys),
        shapes=tuple(" × ".join(map(str, plan.base.specs[key].shape)) for key in plan.keys),
        layers=tuple(layer for layer, _ in places),
        modules=tuple(module for _, module in places),
        entries=numpy.array([plan.base.specs[key].count for key in plan.keys], dtype=numpy.int64),
        changed=drawing.all_counts.total,
        magnitudes=upper.reshape(len(upper), BINS // 16, 16).sum(2).numpy()[drawing.order],
        sizes=sizes[:, drawing.order],
        first_size=first_size,
        curves=curves,
    )
