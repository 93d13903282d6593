"""Counts for surveys of many points of a sweep, in one pass over the stored numbers for all points.

From point to point thresholds only fall, so a delta enters at one point and stays. The n experts of an entry enter in at
most n steps: however many points there are, the entry's elected sign changes at n of them at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from mergelab.kernels.cpu import counting
from mergelab.kernels.cpu.counting import magnitudes
from mergelab.kernels.cpu.floats import INFINITE, Array
from mergelab.kernels.cpu.selection import nth_largest
from mergelab.kernels.cpu.sparsifier_mask import StoredDelta, StoredDeltas, delta_of, scratch_for
from mergelab.kernels.cpu.stack_arrays import stack_empty, uncounted
from mergelab.kernels.cpu.stored_arrays import gathered, of_any_format, widen
from mergelab.methods.ops.stack import BINS, KernelUnsupportedError

BLOCK = 1024
"""Entries per block: many, because every point goes over them once more."""
AT_ONCE = 4
"""Thresholds that a magnitude is compared with while it is in a register."""


def add_lower_counts(delta: StoredDelta, bins: Sequence[int], totals: Array) -> None:
    """Count a model's magnitudes in a few upper bins by their lower 16 bits, in `totals` (bins, BINS)."""
    rows = numpy.full(BINS, -1, numpy.int16)
    rows[list(bins)] = range(len(bins))
    count_lower_of(*delta, rows, totals)


def largest_at(delta: StoredDelta, wanted: Sequence[int]) -> Array:
    """The bit patterns (uint32) of a model's m-th largest magnitudes for each m of `wanted`; infinity for 0.

    Counts magnitudes by their upper bits, then copies those in the few bins that hold an m-th largest, bin by bin. A table
    of all lower bits per bin would take longer to clear than a tensor to read.
    """
    upper, ranks = numpy.zeros(BINS, numpy.int64), numpy.asarray(wanted)
    counting.count_upper(*delta, upper)
    beyond = upper[::-1].cumsum()[::-1] - upper  # larger ones than those of each bin
    held = numpy.maximum(BINS - 1 - numpy.searchsorted((beyond + upper)[::-1], ranks), 0)
    bins = numpy.unique(held[ranks > 0])
    rows, stops = numpy.full(BINS, -1, numpy.int16), upper[bins].cumsum()
    rows[bins] = range(len(bins))
    starts = stops - upper[bins]
    copied = numpy.empty(upper[bins].sum(), numpy.uint32)
    copy_bins(*delta, rows, starts.copy(), copied)

    def nth(number: int, m: int) -> int:
        row = rows[number]
        return int(nth_largest(copied[starts[row] : stops[row]].copy(), m - beyond[number])) if m else INFINITE

    return numpy.array([nth(number, m) for number, m in zip(held.tolist(), wanted, strict=True)], numpy.uint32)


def elections(deltas: StoredDeltas, thresholds: Array, weights: Array, by_count: bool) -> list[int]:
    """The result of `count_elected` for each row of `thresholds` (n_points, n_models).

    Raises `KernelUnsupportedError` if the points have no order in which thresholds only fall.
    """
    order, totals = falling(thresholds), numpy.zeros(len(thresholds), numpy.int64)
    falls = padded(thresholds[order])
    base, experts, mask, start = deltas
    count_elected_at(
        of_any_format(gathered([base])), of_any_format(experts), mask, start, falls, weights, by_count, totals
    )
    return [int(totals[place]) for place in numpy.argsort(order)]


def falling(thresholds: Array) -> Array:
    """The order of points (n_points, n_models) in which no model's threshold rises; `KernelUnsupportedError` if there is none."""
    order: Array = numpy.lexsort(thresholds.T)[::-1].copy()
    ordered = thresholds[order]
    if not (ordered[1:] <= ordered[:-1]).all():
        raise KernelUnsupportedError("thresholds that do not fall together")
    return order


def padded(thresholds: Array) -> Array:
    """Falling thresholds as the kernels read them: (n_models, a multiple of AT_ONCE), padded with zeros."""
    missing = -len(thresholds) % AT_ONCE
    return numpy.ascontiguousarray(numpy.pad(thresholds, ((0, missing), (0, 0))).T)


@uncounted
def count_lower_of(base: Array, expert: Array, model: int, mask: Any, start: int, rows: Array, counts: Array) -> None:
    """Count the magnitudes of the masked delta `expert - base` by their lower 16 bits in `counts` (n_bins, 65536).

    `rows` (65536,) is the row for each value of the upper 16 bits, or -1 for values that are not wanted.
    """
    scratch, bits, asked = scratch_for(BLOCK), stack_empty((BLOCK,), numpy.uint32), stack_empty((BLOCK,), numpy.uint32)
    for place in range(0, len(base), BLOCK):
        part, found = base[place : place + BLOCK], numpy.uint64(0)
        magnitudes(expert[place : place + BLOCK], part, model, mask, start + place, scratch, bits)
        for i in range(len(part)):  # a branch per entry would be mispredicted too often
            row = rows[bits[i] >> numpy.uint32(16)]
            asked[found] = numpy.uint32(row) << numpy.uint32(16) | bits[i] & numpy.uint32(0xFFFF)
            found += numpy.uint64(row >= 0)
        for i in range(found):
            counts[asked[i] >> numpy.uint32(16), asked[i] & numpy.uint32(0xFFFF)] += 1


@uncounted
def copy_bins(
    base: Array, expert: Array, model: int, mask: Any, start: int, rows: Array, ends: Array, copied: Array
) -> None:
    """Copy the magnitudes of the masked delta `expert - base` to `copied`, from the index in `ends` of their row on. `rows` is
    that of `count_lower_of`."""
    scratch, bits, asked = scratch_for(BLOCK), stack_empty((BLOCK,), numpy.uint32), stack_empty((BLOCK,), numpy.uint32)
    for place in range(0, len(base), BLOCK):
        part, found = base[place : place + BLOCK], numpy.uint64(0)
        magnitudes(expert[place : place + BLOCK], part, model, mask, start + place, scratch, bits)
        for i in range(len(part)):  # a branch per entry would be mispredicted too often
            asked[found] = bits[i]
            found += numpy.uint64(rows[bits[i] >> numpy.uint32(16)] >= 0)
        for i in range(found):
            row = rows[asked[i] >> numpy.uint32(16)]
            copied[ends[row]] = asked[i]
            ends[row] += 1


@uncounted
def count_elected_at(
    base: Any, experts: Any, mask: Any, start: int, thresholds: Array, weights: Array, by_count: bool, totals: Array
) -> None:
    """Add the result of `count_elected` at each point of the `padded` thresholds to `totals` (n_points,).

    `base` and `experts` are `FormatArrays`.
    """
    n_models = len(experts.addresses)
    anchor, stack = stack_empty((BLOCK,), numpy.float32), stack_empty((n_models, BLOCK), numpy.float32)
    arrivals, order = stack_empty((n_models, BLOCK), numpy.uint16), stack_empty((n_models, BLOCK), numpy.uint16)
    votes, drawn = stack_empty((BLOCK,), numpy.float32), stack_empty((BLOCK,), numpy.uint32)
    before, gain = stack_empty((BLOCK,), numpy.int16), stack_empty((BLOCK,), numpy.int16)
    for place in range(0, base.length, BLOCK):
        count = min(BLOCK, base.length - place)
        widen(base, 0, place, anchor[:count])
        _arrive(experts, anchor[:count], mask, start, place, thresholds, stack, arrivals, order, drawn)
        before[:] = 0
        for step in range(n_models):
            _vote(stack, arrivals, order[step], count, weights, by_count, votes)
            for i in range(count):
                sign = numpy.int16(votes[i] > 0) - numpy.int16(votes[i] < 0)
                gain[i] = sign - before[i]
                before[i] = sign
            _add_gains(gain, order[step], count, totals)


@uncounted
def _add_gains(gain: Array, since: Array, count: int, totals: Array) -> None:
    for point in range(len(totals)):
        at, total = numpy.uint16(point), numpy.int16(0)
        for i in range(count):
            more, when = gain[i], since[i]
            total = numpy.int16(total + (more if when <= at else numpy.int16(0)))
        totals[point] += total


@uncounted
def _arrive(
    experts: Any,
    anchor: Array,
    mask: Any,
    start: int,
    place: int,
    thresholds: Array,
    stack: Array,
    arrivals: Array,
    order: Array,
    drawn: Array,
) -> int:
    """Read a block of all deltas, and find the point at which each arrives, by model and in rising order."""
    bad = 0
    for model in range(len(stack)):
        values = stack[model]
        bad |= delta_of(experts, model, place, anchor, mask, start + place, drawn, values)
        _count_above(values, thresholds[model], len(anchor), arrivals[model])
        for i in range(len(anchor)):
            order[model, i] = arrivals[model, i]
        for earlier in range(model):
            low, high = order[earlier], order[model]
            for i in range(len(anchor)):
                first, second = low[i], high[i]
                low[i] = min(first, second)
                high[i] = max(first, second)
    return bad


@uncounted
def _count_above(values: Array, thresholds: Array, count: int, above: Array) -> None:
    """Count the thresholds above each magnitude: the point at which it arrives."""
    for i in range(count):
        above[i] = 0
    for point in range(0, len(thresholds), AT_ONCE):
        a, b, c, d = thresholds[point], thresholds[point + 1], thresholds[point + 2], thresholds[point + 3]
        for i in range(count):
            size = abs(values[i])
            more = numpy.uint16(size < a) + numpy.uint16(size < b) + numpy.uint16(size < c) + numpy.uint16(size < d)
            above[i] = numpy.uint16(above[i] + more)


@uncounted
def _vote(stack: Array, arrivals: Array, when: Array, count: int, weights: Array, by_count: bool, votes: Array) -> None:
    """Sum the votes of all models that have arrived at `when`."""
    for i in range(count):
        votes[i] = 0
    for model in range(len(stack)):
        values, arrival, weight = stack[model], arrivals[model], weights[model]
        if by_count:
            for i in range(count):
                vote = values[i] * weight if arrival[i] <= when[i] else numpy.float32(0)
                votes[i] += numpy.float32(vote > 0) - numpy.float32(vote < 0)
        else:
            for i in range(count):
                votes[i] += values[i] * weight if arrival[i] <= when[i] else numpy.float32(0)
