"""Counts for surveys in one pass: histograms of one model's magnitudes, and the signs that all models elect."""

from __future__ import annotations

from typing import Any

import numba
import numpy

from mergelab.kernels.cpu.floats import INFINITE, Array, widened
from mergelab.kernels.cpu.intrinsics import MASKED, bits_of, bits_set, inside, lowest_bit, magnitude
from mergelab.kernels.cpu.sparsifier_mask import (
    BLOCK,
    divisor_of,
    draw_to,
    is_identity,
    masked_delta,
    only_draws,
    scratch_for,
)
from mergelab.kernels.cpu.stack_arrays import inlined, stack_empty, uncounted
from mergelab.kernels.cpu.stored_arrays import part_of

BEYOND = 0xFFFFFFFF
"""No magnitude has these bits."""
ASKED = 4
"""Hits per group of words that are copied unconditionally."""


@uncounted
def any_left(base: Array, expert: Array, model: int, mask: Any, start: int) -> bool:
    """Whether the masked delta `expert - base` has an entry that is not zero, or was not finite before the mask: a tensor with
    NaN must not count as unchanged. The first block nearly always decides."""
    scratch, bits = scratch_for(BLOCK), stack_empty((BLOCK,), numpy.uint32)
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        if magnitudes(expert[place : place + BLOCK], part, model, mask, start + place, scratch, bits):
            return True
        for i in range(len(part)):
            if bits[i] != 0:
                return True
    return False


@uncounted
def count_upper(base: Array, expert: Array, model: int, mask: Any, start: int, counts: Array) -> None:
    """Count the magnitudes of the masked delta `expert - base` by their upper 16 bits in `counts` (65536,)."""
    scratch, bits = scratch_for(BLOCK), stack_empty((BLOCK,), numpy.uint32)
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        magnitudes(expert[place : place + BLOCK], part, model, mask, start + place, scratch, bits)
        for i in range(len(part)):
            counts[bits[i] >> numpy.uint32(16)] += 1


@uncounted
def count_signed(base: Array, expert: Array, model: int, mask: Any, start: int, counts: Array) -> None:
    """Count the masked delta `expert - base` by its upper 16 bits in `counts` (65536,); negative ones in the upper half."""
    scratch = scratch_for(BLOCK)
    for place in range(0, len(base), BLOCK):
        part, left = base[place : place + BLOCK], scratch.left
        masked_delta(expert[place : place + BLOCK], part, model, mask, start + place, scratch.drawn, left)
        for i in range(len(part)):
            counts[bits_of(left[i]) >> numpy.uint32(16)] += 1


@uncounted
def count_lower(base: Array, expert: Array, model: int, mask: Any, start: int, upper: int, counts: Array) -> None:
    """Count the magnitudes whose upper 16 bits are `upper` by their lower 16 bits in `counts` (65536,)."""
    scratch, bits = scratch_for(BLOCK), stack_empty((BLOCK,), numpy.uint32)
    picked, lowest = stack_empty((BLOCK + ASKED,), numpy.uint32), numpy.uint32(upper << 16)
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        magnitudes(expert[place : place + BLOCK], part, model, mask, start + place, scratch, bits)
        for i in range(_pick(bits, lowest, numpy.uint32(0xFFFF), picked, 0)):
            counts[picked[i] & numpy.uint32(0xFFFF)] += 1


@uncounted
def sample(base: Array, expert: Array, model: int, mask: Any, start: int, windows: Array) -> None:
    """Write magnitudes of the masked delta `expert - base` to the rows of `windows`, which are at most a BLOCK long: one row
    from the start of each of as many blocks, spread evenly."""
    scratch, width = scratch_for(BLOCK), windows.shape[1]
    for number in range(len(windows)):
        place = len(base) * number // len(windows) // BLOCK * BLOCK
        part = base[place : place + width]
        magnitudes(expert[place : place + width], part, model, mask, start + place, scratch, windows[number])


@uncounted
def collect(
    base: Array, expert: Array, model: int, mask: Any, start: int, lowest: int, highest: int, found: Array
) -> tuple[int, int]:
    """Copy the magnitudes of the masked delta `expert - base` from `lowest` to `highest` (bit patterns) to `found`.

    Returns how many lie above, and how many were copied; -1 if `found` is too short.
    """
    scratch, bits = scratch_for(BLOCK), stack_empty((BLOCK,), numpy.uint32)
    low, high, above, count = numpy.uint32(lowest), numpy.uint32(highest), 0, 0
    through = is_identity(mask, model)  # faster once for all blocks
    for place in range(0, len(base), BLOCK):
        if count + BLOCK + ASKED > len(found):
            return above, -1
        stored, part = expert[place : place + BLOCK], base[place : place + BLOCK]
        for i in range(len(part), BLOCK):
            bits[i] = numpy.uint32(BEYOND)
        if through:
            above += _magnitudes_of(stored, part, high, bits)
        else:
            masked_delta(stored, part, model, mask, start + place, scratch.drawn, scratch.left)
            above += _magnitudes_of(scratch.left[: len(part)], scratch.zeros, high, bits)
        count = _pick(bits, low, numpy.uint32(high - low), found, count)
    return above, count


@inlined
def magnitudes(stored: Array, base: Array, model: int, mask: Any, start: int, scratch: Any, bits: Array) -> int:
    """Write the bits of a block's masked magnitudes, and bits of no magnitude beyond the block's end; 1 if the mask met a value
    that is not finite (and may have dropped it), else 0."""
    bad = 0
    if is_identity(mask, model):
        _magnitudes_of(stored, base, BEYOND, bits)
    else:
        bad = masked_delta(stored, base, model, mask, start, scratch.drawn, scratch.left)
        _magnitudes_of(scratch.left[: len(base)], scratch.zeros, BEYOND, bits)
    for i in range(len(base), len(bits)):
        bits[i] = numpy.uint32(BEYOND)
    return bad


@inlined
def _magnitudes_of(stored: Array, base: Array, high: int, bits: Array) -> int:
    """Write the bits of the magnitudes of `stored - base`; returns how many lie above `high`."""
    larger = numpy.uint32(0)
    for i in range(len(stored)):
        found = magnitude(widened(stored[i]) - widened(base[i]))
        bits[i] = found
        larger = numpy.uint32(larger + numpy.uint32(found > high))
    return larger


@inlined
def _pick(bits: Array, lowest: int, span: int, picked: Array, count: int) -> int:
    """Copy the `bits` from `lowest` to `lowest + span` to `picked`, starting at index `count`; returns the next index.

    The first few hits are copied whether or not there are that many: a loop that ends after one or two of them is
    mispredicted most of the time, which takes longer than the rest.
    """
    for first in range(0, len(bits), MASKED):
        hits = inside(numba.uintp(bits.ctypes.data + 4 * first), lowest, span)
        place, found = numpy.uint64(count), bits[first : first + MASKED]
        count += numpy.int64(bits_set(hits))
        for _ in range(ASKED):
            picked[place] = found[lowest_bit(hits)]
            place += numpy.uint64(1)
            hits &= hits - numpy.uint64(1)
        while hits != numpy.uint64(0):
            picked[place] = found[lowest_bit(hits)]
            place += numpy.uint64(1)
            hits &= hits - numpy.uint64(1)
    return count


@uncounted
def count_elected(
    base: Array, experts: Any, mask: Any, start: int, thresholds: Array, weights: Array, by_count: bool
) -> int:
    """The sum over entries of the sign elected by the deltas of at least `thresholds`, each times its model's weight."""
    scratch, total = scratch_for(BLOCK), 0
    cast, votes = stack_empty((BLOCK,), numpy.float32), stack_empty((BLOCK,), numpy.float32)
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        for model in range(len(experts.addresses)):
            stored, threshold, weight = part_of(experts, model, place, place + BLOCK), thresholds[model], weights[model]
            add_votes(stored, part, model, mask, start + place, scratch, threshold, weight, by_count, cast, votes)
        surplus = numpy.int32(0)
        for i in range(len(part)):
            surplus += numpy.int32(votes[i] > 0) - numpy.int32(votes[i] < 0)
        total += surplus
    return total


@inlined
def add_votes(
    stored: Array,
    base: Array,
    model: int,
    mask: Any,
    start: int,
    scratch: Any,
    threshold: float,
    weight: float,
    by_count: bool,
    cast: Array,
    votes: Array,
) -> int:
    """Write a model's votes in a block, its masked deltas above the threshold times `weight`, to `cast`, and add them or their
    signs to `votes`; the first model overwrites `votes`. 1 if a delta is not finite, else 0.
    """
    first, bad = model == 0, 0
    if is_identity(mask, model):
        bad = _add_votes(stored, base, threshold, weight, by_count, first, cast, votes)
    elif only_draws(mask, model):
        limit, by = numpy.uint32(mask.limits[model]), divisor_of(mask, model)
        draw_to(limit, mask.keys[model, 0], mask.keys[model, 1], start, scratch.drawn)
        bad = _add_drawn_votes(stored, base, scratch.drawn, limit, by, threshold, weight, by_count, first, cast, votes)
    else:
        bad = masked_delta(stored, base, model, mask, start, scratch.drawn, scratch.left)
        _add_votes(scratch.left[: len(base)], scratch.zeros, threshold, weight, by_count, first, cast, votes)
    return bad


@inlined
def _add_votes(
    stored: Array, base: Array, threshold: float, weight: float, by_count: bool, first: bool, cast: Array, votes: Array
) -> int:
    """The votes of a model whose mask keeps all of `stored - base`.

    One loop does all the work: storing a vector to the cache takes twice as long as adding one.
    """
    largest = numpy.uint32(0)
    for i in range(len(stored)):
        delta = widened(stored[i]) - widened(base[i])
        largest = max(largest, magnitude(delta))
        vote = delta * weight if abs(delta) >= threshold else numpy.float32(0)
        cast[i] = vote
        before = numpy.float32(0) if first else votes[i]
        votes[i] = before + (numpy.float32(vote > 0) - numpy.float32(vote < 0) if by_count else vote)
    return int(largest >= INFINITE)


@inlined
def _add_drawn_votes(
    stored: Array,
    base: Array,
    drawn: Array,
    limit: int,
    by: float,
    threshold: float,
    weight: float,
    by_count: bool,
    first: bool,
    cast: Array,
    votes: Array,
) -> int:
    """The votes of a model whose mask drops by draws alone and divides the survivors."""
    largest = numpy.uint32(0)
    for i in range(len(stored)):
        delta = widened(stored[i]) - widened(base[i])
        largest = max(largest, magnitude(delta))
        left = delta / by if drawn[i] < limit else numpy.float32(0)
        vote = left * weight if abs(left) >= threshold else numpy.float32(0)
        cast[i] = vote
        before = numpy.float32(0) if first else votes[i]
        votes[i] = before + (numpy.float32(vote > 0) - numpy.float32(vote < 0) if by_count else vote)
    return int(largest >= INFINITE)
