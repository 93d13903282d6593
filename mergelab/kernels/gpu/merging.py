"""Merging a stretch of one tensor in one pass, in Triton: read, subtract, sift, combine, add, round, write.

Every kernel sets the flag `bad` where a value is not finite. Arguments in capitals are known when it is compiled.
"""

from __future__ import annotations

import triton
from triton import language as tl

from mergelab.kernels.gpu.floats import array_at, load, note, store
from mergelab.kernels.gpu.launch import block
from mergelab.kernels.gpu.sparsifier_mask import keep, masked_delta
from mergelab.kernels.gpu.voting import sign, vote

# ruff: noqa: N803


@triton.jit(do_not_specialize=["start", "n_models"])
def merge_linear(
    base,
    models,
    start,
    count,
    n_models,
    weights,
    scale,
    merged,
    bad,
    FORMAT: tl.constexpr,
    DRAWN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """base + scale · Σ weights · delta."""
    first, places, inside = block(count, BLOCK)
    anchor = load(base, places, inside)
    total, wrong = tl.zeros((BLOCK,), tl.float32), tl.zeros((BLOCK,), tl.int1)
    for model in range(n_models):
        values, off = masked_delta(anchor, models, model, start, first, places, inside, FORMAT, DRAWN, BLOCK)
        wrong |= off
        total += tl.load(weights + model) * values
    wrong |= _write(anchor, scale * total, merged, places, inside)
    note(bad, wrong)


@triton.jit(do_not_specialize=["start", "n_models"])
def merge_elected(
    base,
    models,
    start,
    count,
    n_models,
    thresholds,
    weights,
    tied,
    scale,
    merged,
    bad,
    WEIGH_VOTES: tl.constexpr,
    BY_COUNT: tl.constexpr,
    COMBINE: tl.constexpr,
    FORMAT: tl.constexpr,
    DRAWN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """TIES after its thresholds are known. The second look at the experts finds them in the nearest cache."""
    first, places, inside = block(count, BLOCK)
    anchor = load(base, places, inside)
    votes, wrong = tl.zeros((BLOCK,), tl.float32), tl.zeros((BLOCK,), tl.int1)
    for model in range(n_models):
        values, off = masked_delta(anchor, models, model, start, first, places, inside, FORMAT, DRAWN, BLOCK)
        wrong |= off
        values = keep(values, tl.load(thresholds + model))
        votes += vote(values, tl.load(weights + model), WEIGH_VOTES, BY_COUNT)
    elected = sign(votes)
    elected = tl.where(elected == 0, tied, elected)
    total, shares = tl.zeros((BLOCK,), tl.float32), tl.zeros((BLOCK,), tl.float32)
    for model in range(n_models):
        values, _ = masked_delta(anchor, models, model, start, first, places, inside, FORMAT, DRAWN, BLOCK)
        values, weight = keep(values, tl.load(thresholds + model)), tl.load(weights + model)
        agrees = vote(values, weight, WEIGH_VOTES, False) * elected > 0
        mine = tl.where(agrees, values * weight, 0.0)
        if COMBINE == "max":
            total = tl.where(tl.abs(mine) > tl.abs(total), mine, total)
        else:
            total += mine
        if COMBINE == "weights":
            shares += tl.where(agrees, weight, 0.0)
        if COMBINE == "count":
            shares += tl.where(agrees, 1.0, 0.0)
    if COMBINE == "weights" or COMBINE == "count":
        total = tl.where(shares == 0, 0.0, tl.div_rn(total, tl.where(shares == 0, 1.0, shares)))
    wrong |= _write(anchor, scale * total, merged, places, inside)
    note(bad, wrong)


@triton.jit(do_not_specialize=["n_models"])
def merge_mean(addresses, count, n_models, weights, divisor, merged, bad, FORMAT: tl.constexpr, BLOCK: tl.constexpr):
    """The weighted mean of the experts, as an offset from the first; `divisor` is the sum of the weights."""
    _, places, inside = block(count, BLOCK)
    leader, total = load(array_at(tl.load(addresses), FORMAT), places, inside), tl.zeros((BLOCK,), tl.float32)
    for model in range(n_models):
        values = load(array_at(tl.load(addresses + model), FORMAT), places, inside)
        total += tl.load(weights + model) * (leader - values)
    note(bad, store(leader - tl.div_rn(total, divisor), merged, places, inside))


@triton.jit(do_not_specialize=["n_models"])
def merge_shared(
    addresses,
    count,
    n_models,
    information,
    lowest,
    added,
    coefficients,
    merged,
    bad,
    FORMAT: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """The mean of the experts by their `Shares`, as an offset from the first; where they add up to 0 they count as equal."""
    _, places, inside = block(count, BLOCK)
    leader, total = load(array_at(tl.load(addresses), FORMAT), places, inside), tl.zeros((BLOCK,), tl.float32)
    offset, plain = tl.zeros((BLOCK,), tl.float32), tl.zeros((BLOCK,), tl.float32)
    for model in range(n_models):
        away = leader - load(array_at(tl.load(addresses + model), FORMAT), places, inside)
        given = load(information, places, inside)
        share = tl.maximum(given, tl.load(lowest + model)) + tl.load(added + model)
        share = share * tl.load(coefficients + model)
        total += share
        offset += share * away
        plain += away
        information += count  # the next model's
    even = total == 0
    change = tl.div_rn(tl.where(even, plain, offset), tl.where(even, n_models.to(tl.float32), total))
    note(bad, store(leader - change, merged, places, inside))


@triton.jit(do_not_specialize=["start", "n_models"])
def merge_largest(
    base,
    models,
    start,
    count,
    n_models,
    order,
    scale,
    merged,
    bad,
    POSITIVE: tl.constexpr,
    FORMAT: tl.constexpr,
    DRAWN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """base + scale · the delta of largest magnitude; of equal ones that of the model first in `order`, or the positive."""
    first, places, inside = block(count, BLOCK)
    anchor = load(base, places, inside)
    best, wrong = tl.zeros((BLOCK,), tl.float32), tl.zeros((BLOCK,), tl.int1)
    for turn in range(n_models):
        model = tl.load(order + turn)
        values, off = masked_delta(anchor, models, model, start, first, places, inside, FORMAT, DRAWN, BLOCK)
        wrong |= off
        wins = tl.abs(values) > tl.abs(best)
        if POSITIVE:
            wins |= (tl.abs(values) == tl.abs(best)) & (values > 0)
        best = tl.where(wins, values, best)
    wrong |= _write(anchor, scale * best, merged, places, inside)
    note(bad, wrong)


@triton.jit
def _write(anchor, change, merged, places, inside):
    return store(tl.where(change == 0, anchor, anchor + change), merged, places, inside)
