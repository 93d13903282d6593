"""Curves of a sketch in Triton: what changes at an entry when its next expert starts to be kept, in sums of integers.

Sums of floats would depend on which program comes first. Every feature is therefore rounded to a multiple of a power of two,
and those whole numbers are added, in any order.
"""

from __future__ import annotations

import triton
from triton import language as tl

from mergelab.kernels.gpu.floats import load, note
from mergelab.kernels.gpu.launch import block
from mergelab.kernels.gpu.random_bits import draw
from mergelab.kernels.gpu.sparsifier_mask import masked_delta

# ruff: noqa: N803


@triton.jit(do_not_specialize=["start", "n_cuts", "never"])
def find_levels(
    base,
    models,
    start,
    count,
    n_cuts,
    tables,
    keys,
    never,
    values,
    levels,
    bad,
    BY_DRAW: tl.constexpr,
    BINS: tl.constexpr,
    FORMAT: tl.constexpr,
    DRAWN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write what is left of the deltas to `values` (n_models, count) and their levels to `levels` (n_cuts, n_models, count).

    Levels come from `tables` (n_cuts, n_models, BINS), int16, by the upper 16 bits of the magnitude or, `BY_DRAW`, of the
    draw with the model's two `keys` (int64). Zeros have the level `never`. Sets `bad` where a delta is not finite. Each model
    has programs of its own.
    """
    model, n_models = tl.program_id(1), tl.num_programs(1)
    first, places, inside = block(count, BLOCK)
    anchor = load(base, places, inside)
    left, wrong = masked_delta(anchor, models, model, start, first, places, inside, FORMAT, DRAWN, BLOCK)
    if BY_DRAW:
        key0, key1 = tl.load(keys + 2 * model).to(tl.uint32), tl.load(keys + 2 * model + 1).to(tl.uint32)
        bits = draw(key0, key1, start + first, BLOCK)
    else:
        bits = left.to(tl.uint32, bitcast=True) & 0x7FFFFFFF
    row = tl.full((), 0, tl.int64) + count
    tl.store(values + model * row + places, left, mask=inside)
    for cut in range(n_cuts):
        own = cut * n_models + model
        found = tl.load(tables + own * BINS + (bits >> 16).to(tl.int32), mask=inside, other=0)
        found = tl.where(left == 0, never, found.to(tl.int32)).to(tl.int16)
        tl.store(levels + own * row + places, found, mask=inside)
    note(bad, wrong)


@triton.jit(do_not_specialize=["n_models", "never"])
def add_steps(
    values, levels, count, n_models, never, unit, scales, entries, own, pairs, COPIES: tl.constexpr, BLOCK: tl.constexpr
):
    """Add the steps of all entries to sums by level; each cut and model has programs of its own, for its own arrivals.

    `values` (n_models, count) float32 and `levels` (n_cuts, n_models, count) int16 are those of `find_levels`. Sums are int64
    (COPIES, n_cuts, things, never, features), neighbouring programs add to different copies; features are those of
    `sketch.steps.ProgressGen`. Numbers between 0 and 1 are counted in 1 / `unit`; `scales` (n_models + 1), float64, brings each
    model's deltas, and last those of all, into that range.
    """
    model, cut = tl.program_id(1) % n_models, tl.program_id(1) // n_models
    n_cuts = tl.num_programs(1) // n_models
    _, places, inside = block(count, BLOCK)
    row = tl.full((), 0, tl.int64) + count  # many rows of a long stretch are more than 32 bits count
    levels += cut * n_models * row
    level = tl.load(levels + model * row + places, mask=inside, other=0).to(tl.int32)
    value = tl.load(values + model * row + places, mask=inside, other=0.0).to(tl.float64)
    arrives = inside & (level < never)
    ones = arrives.to(tl.int64)
    own_scale, scale, unit = tl.load(scales + model), tl.load(scales + n_models), tl.load(unit)

    copy = tl.program_id(0) % COPIES * n_cuts + cut
    n_entries, n_own, n_pairs = 8 + n_models, 2 + n_models, n_models * (n_models - 1) // 2
    entries += (copy * never + level) * n_entries
    own += ((copy * n_models + model) * never + level) * n_own
    tl.atomic_add(own, ones, mask=arrives, sem="relaxed")
    tl.atomic_add(own + 1, _whole(tl.abs(value) * own_scale * unit), mask=arrives, sem="relaxed")

    plus, minus = tl.zeros((BLOCK,), tl.float64), tl.zeros((BLOCK,), tl.float64)
    ups, downs = tl.zeros((BLOCK,), tl.int32), tl.zeros((BLOCK,), tl.int32)
    for other in range(n_models):
        place = other * row + places
        theirs = tl.load(levels + place, mask=inside, other=0).to(tl.int32)
        beside = tl.load(values + place, mask=inside, other=0.0).to(tl.float64)
        earlier = (theirs < level) | ((theirs == level) & (other < model))
        plus += tl.where(earlier & (beside > 0), beside, 0.0)
        minus += tl.where(earlier & (beside < 0), beside, 0.0)
        ups += (earlier & (beside > 0)).to(tl.int32)
        downs += (earlier & (beside < 0)).to(tl.int32)
        product = _whole(value * own_scale * beside * tl.load(scales + other) * unit)
        tl.atomic_add(own + 2 + other, product, mask=arrives & (product != 0), sem="relaxed")
        if other > model:
            pair = copy * n_pairs + model * n_models - model * (model + 1) // 2 + other - model - 1
            both = arrives & (theirs < never)
            sums = pairs + (pair * never + tl.maximum(level, theirs)) * 3
            tl.atomic_add(sums, ones, mask=both, sem="relaxed")
            tl.atomic_add(sums + 1, ones, mask=both & ((value > 0) != (beside > 0)), sem="relaxed")
            tl.atomic_add(sums + 2, product, mask=both, sem="relaxed")

    before = _mean(plus, minus, ups, downs)
    plus_now, minus_now = plus + tl.where(value > 0, value, 0.0), minus + tl.where(value < 0, value, 0.0)
    ups_now, downs_now = ups + (value > 0).to(tl.int32), downs + (value < 0).to(tl.int32)
    now = _mean(plus_now, minus_now, ups_now, downs_now)
    _gain(entries, _conflicts(ups_now, downs_now) - _conflicts(ups, downs), arrives)
    against = _against(plus_now, minus_now, ups_now, downs_now) - _against(plus, minus, ups, downs)
    _gain(entries + 1, against, arrives)
    net = _whole(tl.abs(plus_now + minus_now) * scale * unit) - _whole(tl.abs(plus + minus) * scale * unit)
    _gain(entries + 2, net, arrives)
    agreement = _whole(_agreement(plus_now, minus_now) * unit) - _whole(_agreement(plus, minus) * unit)
    _gain(entries + 3, agreement, arrives)
    alike = _whole(_sign_agreement(ups_now, downs_now) * unit) - _whole(_sign_agreement(ups, downs) * unit)
    _gain(entries + 4, alike, arrives)
    square = _whole(now * scale * now * scale * unit) - _whole(before * scale * before * scale * unit)
    _gain(entries + 5, square, arrives)
    for other in range(n_models):
        beside = tl.load(values + other * row + places, mask=inside, other=0.0).to(tl.float64)
        beside = beside * tl.load(scales + other)
        cross = _whole(now * scale * beside * unit) - _whole(before * scale * beside * unit)
        _gain(entries + 6 + other, cross, arrives)
    tl.atomic_add(entries + 6 + n_models, ones, mask=arrives & (ups + downs == 0), sem="relaxed")
    tl.atomic_add(entries + 7 + n_models, ones, mask=arrives & (ups + downs == 1), sem="relaxed")


@triton.jit
def _gain(sums, gained, arrives):
    tl.atomic_add(sums, gained.to(tl.int64), mask=arrives & (gained != 0), sem="relaxed")


@triton.jit
def _whole(number):
    """The nearest whole number, int64."""
    return tl.floor(number + 0.5).to(tl.int64)


@triton.jit
def _conflicts(ups, downs):
    return ((ups > 0) & (downs > 0)).to(tl.int64)


@triton.jit
def _against(plus, minus, ups, downs):
    total, votes = plus + minus, ups - downs
    return (((votes > 0) != (total > 0)) | ((votes < 0) != (total < 0))).to(tl.int64)


@triton.jit
def _agreement(plus, minus):
    mass = plus - minus
    return tl.where(mass > 0, tl.abs(plus + minus) / tl.where(mass > 0, mass, 1.0), 0.0)


@triton.jit
def _sign_agreement(ups, downs):
    return tl.abs(ups - downs).to(tl.float64) / tl.maximum(ups + downs, 1).to(tl.float64)


@triton.jit
def _mean(plus, minus, ups, downs):
    """The mean of what agrees with the sum; 0 where that is 0."""
    total = plus + minus
    agreeing = tl.where(total > 0, plus, minus) / tl.maximum(tl.where(total > 0, ups, downs), 1).to(tl.float64)
    return tl.where(total == 0, 0.0, agreeing)
