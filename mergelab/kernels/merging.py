"""Merging a stretch of one tensor in one pass: read, subtract, sift, combine, add, round, write."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
from numba import njit

from mergelab.kernels.experts import part_of
from mergelab.kernels.floats import Array, load, store
from mergelab.kernels.sieve import BLOCK, sifted

SUM, MEAN_BY_COUNT, MEAN_BY_WEIGHTS, LARGEST = range(4)


class Election(NamedTuple):
    """What `merge_elected` needs to know of TIES; arrays over models."""

    thresholds: Array
    weights: Array
    weigh_votes: bool
    by_count: bool
    tied: float
    combine: int
    scale: float


@njit(nogil=True, cache=True)
def merge_linear(base: Array, experts: Any, sieve: Any, start: int, weights: Array, scale: float, merged: Array) -> int:
    """base + scale · Σ weights · delta, to `merged`; 1 if a value is not finite, else 0."""
    anchor, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    total, drawn = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.uint32)
    factor, bad = numpy.float32(scale), 0
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        load(part, anchor)
        for i in range(len(part)):
            total[i] = 0
        for model in range(len(experts.addresses)):
            bad |= sifted(
                part_of(experts, model, place, place + BLOCK), anchor, model, sieve, start + place, drawn, values
            )
            weight = weights[model]
            for i in range(len(part)):
                total[i] += weight * values[i]
        for i in range(len(part)):
            change = factor * total[i]
            anchor[i] = anchor[i] if change == 0 else anchor[i] + change
        bad |= store(anchor, merged[place : place + BLOCK])
    return bad


@njit(nogil=True, cache=True)
def merge_elected(base: Array, experts: Any, sieve: Any, start: int, election: Any, merged: Array) -> int:
    """TIES after its thresholds are known, to `merged`; 1 if a value is not finite, else 0."""
    n_models = len(experts.addresses)
    anchor, stack = numpy.empty(BLOCK, numpy.float32), numpy.empty((n_models, BLOCK), numpy.float32)
    votes, drawn = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.uint32)
    total, shares = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    bad = 0
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        load(part, anchor)
        for i in range(len(part)):
            votes[i] = 0
        for model in range(n_models):
            values, stored = stack[model], part_of(experts, model, place, place + BLOCK)
            bad |= sifted(stored, anchor, model, sieve, start + place, drawn, values)
            _vote(
                values, len(part), election.thresholds[model], _vote_weight(election, model), election.by_count, votes
            )
        _settle(votes, len(part), numpy.float32(election.tied))
        for i in range(len(part)):
            total[i] = 0
            shares[i] = 0
        for model in range(n_models):
            _combine(stack[model], len(part), election, model, votes, total, shares)
        _add(anchor, total, shares, len(part), election)
        bad |= store(anchor, merged[place : place + BLOCK])
    return bad


@njit(nogil=True, cache=True)
def _vote_weight(election: Any, model: int) -> float:
    return election.weights[model] if election.weigh_votes else numpy.float32(1)


@njit(nogil=True, cache=True)
def _vote(values: Array, count: int, threshold: float, weight: float, by_count: bool, votes: Array) -> None:
    """Trim a model's block in place and add its votes."""
    for i in range(count):
        values[i] = values[i] if abs(values[i]) >= threshold else numpy.float32(0)
    if by_count:
        for i in range(count):
            vote = values[i] * weight
            votes[i] += numpy.float32(vote > 0) - numpy.float32(vote < 0)
    else:
        for i in range(count):
            votes[i] += values[i] * weight


@njit(nogil=True, cache=True)
def _settle(votes: Array, count: int, tied: float) -> None:
    """Summed votes to signs."""
    for i in range(count):
        sign = numpy.float32(votes[i] > 0) - numpy.float32(votes[i] < 0)
        votes[i] = tied if sign == 0 else sign


@njit(nogil=True, cache=True)
def _combine(values: Array, count: int, election: Any, model: int, signs: Array, total: Array, shares: Array) -> None:
    """Add what of a model's block agrees with the elected signs."""
    weight = election.weights[model]
    vote_weight = weight if election.weigh_votes else numpy.float32(1)
    if election.combine == LARGEST:
        for i in range(count):
            agrees = values[i] * vote_weight * signs[i] > 0
            mine = values[i] * weight if agrees else numpy.float32(0)
            total[i] = mine if abs(mine) > abs(total[i]) else total[i]
        return
    share = weight if election.combine == MEAN_BY_WEIGHTS else numpy.float32(1)
    for i in range(count):
        agrees = values[i] * vote_weight * signs[i] > 0
        total[i] += values[i] * weight if agrees else numpy.float32(0)
        shares[i] += share if agrees else numpy.float32(0)


@njit(nogil=True, cache=True)
def _add(anchor: Array, total: Array, shares: Array, count: int, election: Any) -> None:
    """Divide where a mean is wanted, scale, add to the base."""
    scale = numpy.float32(election.scale)
    if election.combine == MEAN_BY_COUNT or election.combine == MEAN_BY_WEIGHTS:
        for i in range(count):
            total[i] = numpy.float32(0) if shares[i] == 0 else total[i] / shares[i]
    for i in range(count):
        change = scale * total[i]
        anchor[i] = anchor[i] if change == 0 else anchor[i] + change


@njit(nogil=True, cache=True)
def merge_mean(experts: Any, weights: Array, merged: Array) -> int:
    """The weighted mean of the experts, as an offset from the first, to `merged`; 1 if a value is not finite, else 0.

    Weights that add up to 0 count as equal.
    """
    first, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    total, sum_of_weights, bad = numpy.empty(BLOCK, numpy.float32), numpy.float32(0), 0
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
            load(part_of(experts, model, place, place + BLOCK), values)
            weight = numpy.float32(1) if even else weights[model]
            for i in range(len(part)):
                total[i] += weight * (first[i] - values[i])
        for i in range(len(part)):
            first[i] -= total[i] / divisor
        bad |= store(first, merged[place : place + BLOCK])
    return bad


class Shares(NamedTuple):
    """How much of each expert enters a mean, entry by entry: max(information, lowest) + added, times its coefficient.

    `information` is (n_models, entries), the others arrays over models.
    """

    information: Array
    lowest: Array
    added: Array
    coefficients: Array


@njit(nogil=True, cache=True)
def merge_shared(experts: Any, shares: Any, merged: Array) -> int:
    """The mean of the experts by their shares, as an offset from the first, to `merged`; 1 if one is not finite, else 0.

    Where the shares add up to 0 they count as equal.
    """
    n_models, bad = len(experts.addresses), 0
    first, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    offset, plain = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    total = numpy.empty(BLOCK, numpy.float32)
    for place in range(0, len(merged), BLOCK):
        count = min(BLOCK, len(merged) - place)
        load(part_of(experts, 0, place, place + BLOCK), first)
        for i in range(count):
            offset[i] = plain[i] = total[i] = 0
        for model in range(n_models):
            load(part_of(experts, model, place, place + BLOCK), values)
            given = shares.information[model, place : place + count]
            lowest, added, factor = shares.lowest[model], shares.added[model], shares.coefficients[model]
            for i in range(count):
                share = (max(given[i], lowest) + added) * factor
                away = first[i] - values[i]
                total[i] += share
                offset[i] += share * away
                plain[i] += away
        for i in range(count):
            even = total[i] == 0
            divisor = numpy.float32(n_models) if even else total[i]
            first[i] -= (plain[i] if even else offset[i]) / divisor
        bad |= store(first, merged[place : place + BLOCK])
    return bad


@njit(nogil=True, cache=True)
def merge_largest(
    base: Array, experts: Any, sieve: Any, start: int, scale: float, order: Array, positive: bool, merged: Array
) -> int:
    """base + scale · the delta of largest magnitude, to `merged`; 1 if a value is not finite, else 0.

    On equal magnitudes the model that comes first in `order` wins, or with `positive` the positive delta.
    """
    anchor, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    best, drawn = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.uint32)
    factor, bad = numpy.float32(scale), 0
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        load(part, anchor)
        for i in range(len(part)):
            best[i] = 0
        for model in order:
            bad |= sifted(
                part_of(experts, model, place, place + BLOCK), anchor, model, sieve, start + place, drawn, values
            )
            for i in range(len(part)):
                mine, yours = abs(values[i]), abs(best[i])
                wins = mine > yours or (positive and mine == yours and values[i] > 0)
                best[i] = values[i] if wins else best[i]
        for i in range(len(part)):
            change = factor * best[i]
            anchor[i] = anchor[i] if change == 0 else anchor[i] + change
        bad |= store(anchor, merged[place : place + BLOCK])
    return bad
