"""Counts over the deltas of all models in one pass, in Triton: histograms of magnitudes' bits, and elected signs."""

from __future__ import annotations

import triton
from triton import language as tl

from mergelab.kernels.gpu.floats import load, note
from mergelab.kernels.gpu.launch import block
from mergelab.kernels.gpu.sparsifier_mask import keep, masked_delta
from mergelab.kernels.gpu.voting import sign, vote

# ruff: noqa: N803


@triton.jit(do_not_specialize=["start"])
def any_left(base, models, start, count, found, FORMAT: tl.constexpr, DRAWN: tl.constexpr, BLOCK: tl.constexpr):
    """Set `found` if something of the delta, masked_delta, is not zero, or before that not finite: a tensor that holds NaN must
    not pass for one that stays as it is. Each model has programs of its own."""
    first, places, inside = block(count, BLOCK)
    anchor = load(base, places, inside)
    values, wrong = masked_delta(anchor, models, tl.program_id(1), start, first, places, inside, FORMAT, DRAWN, BLOCK)
    note(found, (values != 0) | wrong)


@triton.jit(do_not_specialize=["start"])
def count_upper(
    base,
    models,
    start,
    count,
    counts,
    bad,
    SIGNED: tl.constexpr,
    COPIES: tl.constexpr,
    BINS: tl.constexpr,
    FORMAT: tl.constexpr,
    DRAWN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Add the upper 16 bits of the magnitudes, or where `SIGNED` of the values, to `counts` (COPIES, n_models, BINS); each
    model has programs of its own.

    They fall into few bins, so neighbouring programs count in different copies. Sets `bad` where a delta is not finite.
    """
    model = tl.program_id(1)
    first, places, inside = block(count, BLOCK)
    anchor = load(base, places, inside)
    values, wrong = masked_delta(anchor, models, model, start, first, places, inside, FORMAT, DRAWN, BLOCK)
    bits = values.to(tl.uint32, bitcast=True)
    if not SIGNED:
        bits = bits & 0x7FFFFFFF
    row = tl.program_id(0) % COPIES * tl.num_programs(1) + model
    tl.atomic_add(counts + row * BINS + (bits >> 16).to(tl.int32), 1, mask=inside, sem="relaxed")
    note(bad, wrong)


@triton.jit(do_not_specialize=["start"])
def count_lower(
    base,
    models,
    start,
    count,
    upper,
    counts,
    BINS: tl.constexpr,
    FORMAT: tl.constexpr,
    DRAWN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Add the lower 16 bits of those magnitudes whose upper 16 bits are the model's `upper` (int32) to `counts` (n_models,
    BINS)."""
    model = tl.program_id(1)
    first, places, inside = block(count, BLOCK)
    anchor = load(base, places, inside)
    values, _ = masked_delta(anchor, models, model, start, first, places, inside, FORMAT, DRAWN, BLOCK)
    bits = (values.to(tl.uint32, bitcast=True) & 0x7FFFFFFF).to(tl.int32)
    wanted = inside & ((bits >> 16) == tl.load(upper + model))
    tl.atomic_add(counts + model * BINS + (bits & 0xFFFF), 1, mask=wanted, sem="relaxed")


@triton.jit(do_not_specialize=["start", "n_models"])
def count_elected(
    base,
    models,
    start,
    count,
    n_models,
    thresholds,
    weights,
    total,
    BY_COUNT: tl.constexpr,
    FORMAT: tl.constexpr,
    DRAWN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Add the signs that the deltas from `thresholds` on elect, each times its weight, to `total` (int64)."""
    first, places, inside = block(count, BLOCK)
    anchor = load(base, places, inside)
    votes = tl.zeros((BLOCK,), tl.float32)
    for model in range(n_models):
        values, _ = masked_delta(anchor, models, model, start, first, places, inside, FORMAT, DRAWN, BLOCK)
        votes += vote(keep(values, tl.load(thresholds + model)), tl.load(weights + model), True, BY_COUNT)
    tl.atomic_add(total, tl.sum(sign(votes).to(tl.int32), 0).to(tl.int64), sem="relaxed")
