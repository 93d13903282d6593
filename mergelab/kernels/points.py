"""What many points of a sweep need of the stored numbers, in one pass for all of them.

From point to point thresholds only fall, so a delta arrives at one of them and stays. The n experts of an entry arrive in at
most n steps: however many points there are, n + 1 outcomes are worked out, and each point picks one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy
from numba import njit

from mergelab.kernels.experts import gathered, part_of
from mergelab.kernels.floats import Array, load, store
from mergelab.kernels.merging import LARGEST, MEAN_BY_COUNT, MEAN_BY_WEIGHTS, Election
from mergelab.kernels.sieve import sifted
from mergelab.methods.stack import BINS, UnfitError

if TYPE_CHECKING:
    from mergelab.kernels.stretch import StoredStack

BLOCK = 1024
"""Entries worked on at once: many, because every point goes over them once more."""
AT_ONCE = 4
"""Thresholds that a magnitude is compared with while it is at hand."""


def add_lower_counts(stack: StoredStack, model: int, bins: Sequence[int], totals: Array) -> None:
    """Count the lower 16 bits of a model's magnitudes in a few upper bins: into `totals` (bins, BINS)."""
    rows = numpy.full(BINS, -1, numpy.int16)
    rows[list(bins)] = range(len(bins))
    count_lower_of(stack.base, stack.experts[model], model, stack.sieve, stack.start, rows, totals)


def elections(stack: StoredStack, thresholds: Array, weights: Array, by_count: bool) -> list[int]:
    """What `count_elected` gives for each row of `thresholds` (n_points, n_models).

    Raises `UnfitError` where the points have no order in which thresholds only fall.
    """
    order, totals = falling(stack.key, thresholds), numpy.zeros(len(thresholds), numpy.int64)
    falls = padded(thresholds[order])
    count_elected_at(stack.base, stack.gathered, stack.sieve, stack.start, falls, weights, by_count, totals)
    return [int(totals[place]) for place in numpy.argsort(order)]


def merge(stack: StoredStack, points: Sequence[Election], merged: Sequence[Array]) -> None:
    """`merge_elected` at points that differ in thresholds and the sign of ties alone, each to its place in `merged`.

    Raises `UnfitError` where a value is not finite or the points have no order in which thresholds only fall.
    """
    thresholds = numpy.stack([point.thresholds for point in points])
    order = falling(stack.key, thresholds)
    tied = numpy.array([points[place].tied for place in order], numpy.float32)
    places = gathered([merged[place] for place in order])
    falls = padded(thresholds[order])
    if merge_elected_at(stack.base, stack.gathered, stack.sieve, stack.start, falls, tied, points[0], places):
        raise UnfitError(stack.key)


def falling(key: str, thresholds: Array) -> Array:
    """The order of points (n_points, n_models) in which no model's threshold rises; `UnfitError` where there is none."""
    order: Array = numpy.lexsort(thresholds.T)[::-1].copy()
    ordered = thresholds[order]
    if not (ordered[1:] <= ordered[:-1]).all():
        raise UnfitError(key)
    return order


def padded(thresholds: Array) -> Array:
    """Falling thresholds as the kernels take them: (n_models, a multiple of AT_ONCE), with zeros at the end."""
    missing = -len(thresholds) % AT_ONCE
    return numpy.ascontiguousarray(numpy.pad(thresholds, ((0, missing), (0, 0))).T)


@njit(nogil=True, cache=True)
def count_lower_of(base: Array, expert: Array, model: int, sieve: Any, start: int, rows: Array, counts: Array) -> None:
    """Count the lower 16 bits of the magnitudes of `expert - base`, sifted, in `counts` (n_bins, 65536).

    `rows` (65536,) says which row belongs to the upper 16 bits, -1 where nobody asks for them.
    """
    anchor, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    drawn, bits = numpy.empty(BLOCK, numpy.uint32), values.view(numpy.uint32)
    for place in range(0, len(base), BLOCK):
        count = min(BLOCK, len(base) - place)
        load(base[place : place + count], anchor)
        sifted(expert[place : place + count], anchor, model, sieve, start + place, drawn, values)
        for i in range(count):
            magnitude = numpy.uint32(bits[i] & numpy.uint32(0x7FFFFFFF))
            row = rows[magnitude >> numpy.uint32(16)]
            if row >= 0:
                counts[row, magnitude & numpy.uint32(0xFFFF)] += 1


@njit(nogil=True, cache=True)
def count_elected_at(
    base: Array, experts: Any, sieve: Any, start: int, thresholds: Array, weights: Array, by_count: bool, totals: Array
) -> None:
    """Add to `totals` (n_points,) what `count_elected` gives at each point of the `padded` thresholds."""
    n_models = len(experts.addresses)
    anchor, stack = numpy.empty(BLOCK, numpy.float32), numpy.empty((n_models, BLOCK), numpy.float32)
    arrivals, order = numpy.empty((n_models, BLOCK), numpy.uint16), numpy.empty((n_models, BLOCK), numpy.uint16)
    votes, drawn = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.uint32)
    before, gain = numpy.empty(BLOCK, numpy.int16), numpy.empty(BLOCK, numpy.int16)
    for place in range(0, len(base), BLOCK):
        count = min(BLOCK, len(base) - place)
        load(base[place : place + count], anchor)
        _arrive(experts, anchor, sieve, start, place, thresholds, stack, arrivals, order, drawn)
        before[:] = 0
        for step in range(n_models):
            _vote(stack, arrivals, order[step], count, weights, by_count, votes)
            for i in range(count):
                sign = numpy.int16(votes[i] > 0) - numpy.int16(votes[i] < 0)
                gain[i] = sign - before[i]
                before[i] = sign
            _add_gains(gain, order[step], count, totals)


@njit(nogil=True, cache=True)
def _add_gains(gain: Array, since: Array, count: int, totals: Array) -> None:
    for point in range(len(totals)):
        at, total = numpy.uint16(point), numpy.int16(0)
        for i in range(count):
            more, when = gain[i], since[i]
            total = numpy.int16(total + (more if when <= at else numpy.int16(0)))
        totals[point] += total


@njit(nogil=True, cache=True)
def merge_elected_at(
    base: Array, experts: Any, sieve: Any, start: int, thresholds: Array, tied: Array, election: Any, merged: Any
) -> int:
    """`merge_elected` at every point of the `padded` thresholds, each with its sign where votes cancel (`tied`) and its output.

    `election` has what all points share, `merged` is the outputs' `gathered`. Gives 1 if a value is not finite, else 0.
    """
    n_models = len(experts.addresses)
    anchor, stack = numpy.empty(BLOCK, numpy.float32), numpy.empty((n_models, BLOCK), numpy.float32)
    arrivals, order = numpy.empty((n_models, BLOCK), numpy.uint16), numpy.empty((n_models, BLOCK), numpy.uint16)
    votes, drawn = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.uint32)
    total, shares = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    voting = election.weights if election.weigh_votes else numpy.ones_like(election.weights)
    outcomes, bad = numpy.empty((n_models + 1, BLOCK), merged.kind.dtype), 0
    for place in range(0, len(base), BLOCK):
        count = min(BLOCK, len(base) - place)
        load(base[place : place + count], anchor)
        bad |= _arrive(experts, anchor, sieve, start, place, thresholds, stack, arrivals, order, drawn)
        for i in range(count):
            total[i] = anchor[i]
        bad |= store(total[:count], outcomes[0, :count])
        for sign in (numpy.float32(-1), numpy.float32(0), numpy.float32(1)):
            if not (tied == sign).any():
                continue
            for step in range(n_models):
                _vote(stack, arrivals, order[step], count, voting, election.by_count, votes)
                _settle(votes, count, sign)
                _combine(stack, arrivals, order[step], count, election, votes, total, shares)
                _add(anchor, total, shares, count, election)
                bad |= store(total[:count], outcomes[step + 1, :count])
            for point in range(len(tied)):
                if tied[point] == sign:
                    _pick(outcomes, order, point, part_of(merged, point, place, place + count))
    return bad


@njit(nogil=True, cache=True)
def _arrive(
    experts: Any, anchor: Array, sieve: Any, start: int, place: int, thresholds: Array, stack: Array, arrivals: Array,
    order: Array, drawn: Array,
) -> int:  # fmt: skip
    """Read a block of all deltas and find the points at which each arrives, by model and in rising order."""
    bad = 0
    for model in range(len(stack)):
        stored, values = part_of(experts, model, place, place + BLOCK), stack[model]
        bad |= sifted(stored, anchor, model, sieve, start + place, drawn, values)
        _count_above(values, thresholds[model], len(stored), arrivals[model])
        for i in range(len(stored)):
            order[model, i] = arrivals[model, i]
        for earlier in range(model):
            low, high = order[earlier], order[model]
            for i in range(len(stored)):
                first, second = low[i], high[i]
                low[i] = min(first, second)
                high[i] = max(first, second)
    return bad


@njit(nogil=True, cache=True)
def _count_above(values: Array, thresholds: Array, count: int, above: Array) -> None:
    """How many thresholds lie above each magnitude: the point at which it arrives."""
    for i in range(count):
        above[i] = 0
    for point in range(0, len(thresholds), AT_ONCE):
        a, b, c, d = thresholds[point], thresholds[point + 1], thresholds[point + 2], thresholds[point + 3]
        for i in range(count):
            size = abs(values[i])
            more = numpy.uint16(size < a) + numpy.uint16(size < b) + numpy.uint16(size < c) + numpy.uint16(size < d)
            above[i] = numpy.uint16(above[i] + more)


@njit(nogil=True, cache=True)
def _vote(stack: Array, arrivals: Array, when: Array, count: int, weights: Array, by_count: bool, votes: Array) -> None:
    """The sum of the votes of all that have arrived at `when`."""
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


@njit(nogil=True, cache=True)
def _settle(votes: Array, count: int, tied: float) -> None:
    """Summed votes to signs."""
    for i in range(count):
        sign = numpy.float32(votes[i] > 0) - numpy.float32(votes[i] < 0)
        votes[i] = tied if sign == 0 else sign


@njit(nogil=True, cache=True)
def _combine(
    stack: Array, arrivals: Array, when: Array, count: int, election: Any, signs: Array, total: Array, shares: Array
) -> None:
    """What of all that have arrived at `when` agrees with the elected signs, as one number and its divisor."""
    for i in range(count):
        total[i] = 0
        shares[i] = 0
    for model in range(len(stack)):
        values, arrival, weight = stack[model], arrivals[model], election.weights[model]
        vote_weight = weight if election.weigh_votes else numpy.float32(1)
        share = weight if election.combine == MEAN_BY_WEIGHTS else numpy.float32(1)
        if election.combine == LARGEST:
            for i in range(count):
                agrees = (arrival[i] <= when[i]) & (values[i] * vote_weight * signs[i] > 0)
                mine = values[i] * weight if agrees else numpy.float32(0)
                total[i] = mine if abs(mine) > abs(total[i]) else total[i]
        else:
            for i in range(count):
                agrees = (arrival[i] <= when[i]) & (values[i] * vote_weight * signs[i] > 0)
                total[i] += values[i] * weight if agrees else numpy.float32(0)
                shares[i] += share if agrees else numpy.float32(0)


@njit(nogil=True, cache=True)
def _add(anchor: Array, total: Array, shares: Array, count: int, election: Any) -> None:
    """Divide where a mean is wanted, scale, add the base."""
    scale = numpy.float32(election.scale)
    if election.combine == MEAN_BY_COUNT or election.combine == MEAN_BY_WEIGHTS:
        for i in range(count):
            total[i] = numpy.float32(0) if shares[i] == 0 else total[i] / shares[i]
    for i in range(count):
        change = scale * total[i]
        total[i] = anchor[i] if change == 0 else anchor[i] + change


@njit(nogil=True, cache=True)
def _pick(outcomes: Array, order: Array, point: int, merged: Array) -> None:
    """Write each entry's outcome at a point: that of the last step until then."""
    for i in range(len(merged)):
        merged[i] = outcomes[0, i]
    for step in range(len(order)):
        _overwrite(merged, outcomes[step + 1], order[step], numpy.uint16(point))


@njit(nogil=True, cache=True)
def _overwrite(merged: Array, outcome: Array, since: Array, point: int) -> None:
    for i in range(len(merged)):
        old, new, when = merged[i], outcome[i], since[i]  # numbers are chosen in one instruction, places are not
        merged[i] = new if when <= point else old
