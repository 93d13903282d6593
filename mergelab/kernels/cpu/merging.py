"""Merges a chunk in one pass: read, subtract, mask, combine, add, round, write."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from mergelab.kernels.cpu.counting import add_votes
from mergelab.kernels.cpu.floats import INFINITE, Array, load, rounded, store, widened
from mergelab.kernels.cpu.intrinsics import magnitude
from mergelab.kernels.cpu.sparsifier_mask import BLOCK, is_identity, masked_delta, scratch_for
from mergelab.kernels.cpu.stack_arrays import inlined, stack_empty, uncounted
from mergelab.kernels.cpu.stored_arrays import part_of

SUM, MEAN_BY_COUNT, MEAN_BY_WEIGHTS, LARGEST = range(4)


class ElectionArrays(NamedTuple):
    """`ElectionParams` as arrays over models."""

    thresholds: Array
    weights: Array
    weigh_votes: bool
    by_count: bool
    tied: float
    combine: int
    scale: float


@uncounted
def merge_linear(base: Array, experts: Any, mask: Any, start: int, weights: Array, scale: float, merged: Array) -> int:
    """Write base + scale · Σ weights · delta to `merged`; 1 if a value is not finite, else 0."""
    total, scratch, bad = stack_empty((BLOCK,), numpy.float32), scratch_for(BLOCK), 0
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        for i in range(len(part)):
            total[i] = 0
        for model in range(len(experts.addresses)):
            stored = part_of(experts, model, place, place + BLOCK)
            if is_identity(mask, model):
                bad |= _add(stored, part, weights[model], total)
            else:
                bad |= masked_delta(stored, part, model, mask, start + place, scratch.drawn, scratch.left)
                _add(scratch.left[: len(part)], scratch.zeros, weights[model], total)
        bad |= _moved(part, total, scale, merged[place : place + BLOCK])
    return bad


@inlined
def _add(stored: Array, base: Array, weight: float, total: Array) -> int:
    """Add a model's weighted deltas of a block; 1 if one is not finite, else 0."""
    largest = numpy.uint32(0)
    for i in range(len(stored)):
        delta = widened(stored[i]) - widened(base[i])
        largest = max(largest, magnitude(delta))
        total[i] += weight * delta
    return int(largest >= INFINITE)


@uncounted
def merge_elected(base: Array, experts: Any, mask: Any, start: int, election: Any, merged: Array) -> int:
    """Write the merge of TIES, with known thresholds, to `merged`; 1 if a value is not finite, else 0."""
    n_models, scratch, bad = len(experts.addresses), scratch_for(BLOCK), 0
    cast, votes = stack_empty((n_models, BLOCK), numpy.float32), stack_empty((BLOCK,), numpy.float32)
    total, shares = stack_empty((BLOCK,), numpy.float32), stack_empty((BLOCK,), numpy.float32)
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        for model in range(n_models):
            stored, threshold = part_of(experts, model, place, place + BLOCK), election.thresholds[model]
            weight = election.weights[model] if election.weigh_votes else numpy.float32(1)
            here, by_count, mine = start + place, election.by_count, cast[model]
            bad |= add_votes(stored, part, model, mask, here, scratch, threshold, weight, by_count, mine, votes)
        _combine(cast, len(part), election, votes, total, shares)
        bad |= _moved(part, total, election.scale, merged[place : place + BLOCK])
    return bad


@inlined
def _combine(cast: Array, count: int, election: Any, votes: Array, total: Array, shares: Array) -> None:
    """Combine the deltas that agree with the elected signs in `total`, from all votes `cast` and their sums `votes`, which
    become signs; `shares` is scratch."""
    divides = election.combine == MEAN_BY_COUNT or election.combine == MEAN_BY_WEIGHTS
    _resolve_ties(votes, count, numpy.float32(election.tied))
    for model in range(len(cast)):
        weight, first = election.weights[model], model == 0
        factor = numpy.float32(1) if election.weigh_votes else weight
        if election.combine == LARGEST:
            _take_larger(cast[model], count, factor, votes, first, total)
        elif divides:
            share = weight if election.combine == MEAN_BY_WEIGHTS else numpy.float32(1)
            _add_with_share(cast[model], count, factor, share, votes, first, total, shares)
        else:
            _add_agreeing(cast[model], count, factor, votes, first, total)
    if divides:
        for i in range(count):
            total[i] = numpy.float32(0) if shares[i] == 0 else total[i] / shares[i]


@inlined
def _moved(base: Array, change: Array, scale: float, merged: Array) -> int:
    """Write base + scale · change to `merged`; a change of 0 keeps the base's bits. 1 if a value is not finite, else 0."""
    factor, largest = numpy.float32(scale), numpy.uint32(0)
    for i in range(len(base)):
        anchor, step = widened(base[i]), factor * change[i]
        merged[i] = rounded(anchor if step == 0 else anchor + step, merged)
        largest = max(largest, magnitude(widened(merged[i])))
    return int(largest >= INFINITE)


@uncounted
def add_change(base: Array, change: Array, merged: Array) -> int:
    """Write base + change (float32) to `merged`; 1 if a value is not finite, else 0."""
    return int(_moved(base, change, 1.0, merged))


@inlined
def _resolve_ties(votes: Array, count: int, tied: float) -> None:
    """Replace summed votes by their signs."""
    for i in range(count):
        sign = numpy.float32(votes[i] > 0) - numpy.float32(votes[i] < 0)
        votes[i] = tied if sign == 0 else sign


@inlined
def _take_larger(cast: Array, count: int, factor: float, signs: Array, first: bool, total: Array) -> None:
    """Replace smaller deltas by a model's weighted deltas that agree with the elected signs.

    Here and below, a weighted delta is `factor` times the model's vote; for the `first` model all others are 0.
    """
    for i in range(count):
        mine = cast[i] * factor if cast[i] * signs[i] > 0 else numpy.float32(0)
        before = numpy.float32(0) if first else total[i]
        total[i] = mine if abs(mine) > abs(before) else before


@inlined
def _add_agreeing(cast: Array, count: int, factor: float, signs: Array, first: bool, total: Array) -> None:
    """Add a model's weighted deltas that agree with the elected signs."""
    for i in range(count):
        mine = cast[i] * factor if cast[i] * signs[i] > 0 else numpy.float32(0)
        total[i] = (numpy.float32(0) if first else total[i]) + mine


@inlined
def _add_with_share(
    cast: Array, count: int, factor: float, share: float, signs: Array, first: bool, total: Array, shares: Array
) -> None:
    """Add a model's weighted deltas that agree with the elected signs, and its shares there."""
    for i in range(count):
        agrees = cast[i] * signs[i] > 0
        total[i] = (numpy.float32(0) if first else total[i]) + (cast[i] * factor if agrees else numpy.float32(0))
        shares[i] = (numpy.float32(0) if first else shares[i]) + (share if agrees else numpy.float32(0))


@uncounted
def merge_mean(experts: Any, weights: Array, merged: Array) -> int:
    """Write the weighted mean of the experts, as an offset from the first, to `merged`; 1 if a value is not finite, else 0.

    Weights that add up to 0 count as equal.
    """
    first, total = stack_empty((BLOCK,), numpy.float32), stack_empty((BLOCK,), numpy.float32)
    sum_of_weights, bad = numpy.float32(0), 0
    for model in range(len(experts.addresses)):
        sum_of_weights += weights[model]
    even = sum_of_weights == 0
    divisor = numpy.float32(len(experts.addresses)) if even else sum_of_weights
    for place in range(0, len(merged), BLOCK):
        part = part_of(experts, 0, place, place + BLOCK)
        load(part, first)
        for i in range(len(part)):
            total[i] = 0
        for model in range(len(experts.addresses)):
            stored = part_of(experts, model, place, place + BLOCK)
            weight = numpy.float32(1) if even else weights[model]
            for i in range(len(part)):
                total[i] += weight * (first[i] - widened(stored[i]))
        for i in range(len(part)):
            first[i] -= total[i] / divisor
        bad |= store(first, merged[place : place + BLOCK])
    return bad


class ShareArrays(NamedTuple):
    """`ShareParams` as arrays: `information` is (n_models, entries), the others are over models."""

    information: Array
    lowest: Array
    added: Array
    coefficients: Array


@uncounted
def merge_shared(experts: Any, shares: Any, merged: Array) -> int:
    """Write the mean of the experts weighted by their shares, as an offset from the first, to `merged`.

    Shares of an entry that add up to 0 count as equal. 1 if a value is not finite, else 0.
    """
    n_models, bad = len(experts.addresses), 0
    first, total = stack_empty((BLOCK,), numpy.float32), stack_empty((BLOCK,), numpy.float32)
    offset, plain = stack_empty((BLOCK,), numpy.float32), stack_empty((BLOCK,), numpy.float32)
    for place in range(0, len(merged), BLOCK):
        count = min(BLOCK, len(merged) - place)
        load(part_of(experts, 0, place, place + BLOCK), first)
        for i in range(count):
            offset[i] = plain[i] = total[i] = 0
        for model in range(n_models):
            stored = part_of(experts, model, place, place + BLOCK)
            given = shares.information[model, place : place + count]
            lowest, added, factor = shares.lowest[model], shares.added[model], shares.coefficients[model]
            for i in range(count):
                share = (max(given[i], lowest) + added) * factor
                away = first[i] - widened(stored[i])
                total[i] += share
                offset[i] += share * away
                plain[i] += away
        for i in range(count):
            even = total[i] == 0
            divisor = numpy.float32(n_models) if even else total[i]
            first[i] -= (plain[i] if even else offset[i]) / divisor
        bad |= store(first, merged[place : place + BLOCK])
    return bad


@uncounted
def merge_largest(
    base: Array, experts: Any, mask: Any, start: int, scale: float, order: Array, positive: bool, merged: Array
) -> int:
    """Write base + scale · (the delta of largest magnitude) to `merged`; 1 if a value is not finite, else 0.

    Among equal magnitudes, the model that comes first in `order` wins, or the positive delta if `positive`.
    """
    best, scratch, bad = stack_empty((BLOCK,), numpy.float32), scratch_for(BLOCK), 0
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        for i in range(len(part)):
            best[i] = 0
        for model in order:
            stored = part_of(experts, model, place, place + BLOCK)
            bad |= masked_delta(stored, part, model, mask, start + place, scratch.drawn, scratch.left)
            for i in range(len(part)):
                mine, yours = scratch.left[i], best[i]
                wins = abs(mine) > abs(yours) or (positive and abs(mine) == abs(yours) and mine > 0)
                best[i] = mine if wins else yours
        bad |= _moved(part, best, scale, merged[place : place + BLOCK])
    return bad
