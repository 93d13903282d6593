"""Applies a sparsifier's mask to a block of one expert's delta while it is read."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
from numba import njit

from mergelab.kernels.cpu.floats import INFINITE, Array, widened
from mergelab.kernels.cpu.intrinsics import added, magnitude, mixed
from mergelab.kernels.cpu.stack_arrays import array_at, inlined, stack_empty, uncounted
from mergelab.kernels.cpu.stored_arrays import BFLOAT16, FLOAT16, ExpertArrays
from mergelab.runtime.randomness import GROUP, LANES, PARITY, REST, ROTATIONS

BLOCK = 256
"""Entries per block: few enough that all buffers of a block stay in the L1 cache, while the stored numbers arrive as steady
streams that processors prefetch."""
UPPER, LOWER = numpy.uint32(0), numpy.uint32(REST)
"""The halves of draws: what their counters' high words have besides."""
A0, A1, A2, A3 = ROTATIONS[0]
B0, B1, B2, B3 = ROTATIONS[1]


class SparsifierMask(NamedTuple):
    """How each model's delta is sparsified before the merge: `SparsifyParams` as arrays over models.

    `thresholds`: keep magnitudes of at least this; 0 keeps all. `limits`: keep entries whose draw is below; 2^32 keeps all.
    `keys`: the generator's. `divisors`: divide survivors by this unless it is 0.
    """

    thresholds: Array
    limits: Array
    keys: Array
    divisors: Array


class StoredDelta(NamedTuple):
    """One model's masked delta: the leading arguments of kernels that treat models apart, in their order.

    `start` is the arrays' first entry in their tensor, a multiple of BLOCK.
    """

    base: Array
    expert: Array
    model: int
    mask: SparsifierMask
    start: int


class StoredDeltas(NamedTuple):
    """All models' masked deltas: the leading arguments of kernels that go over models entry by entry, in their order."""

    base: Array
    experts: ExpertArrays
    mask: SparsifierMask
    start: int


class BlockScratch(NamedTuple):
    """Buffers for a block: its draws, what the mask leaves of it, and zeros that serve as its base."""

    drawn: Array
    left: Array
    zeros: Array


@njit(nogil=True, cache=True, inline="always")
def scratch_for(block: int) -> Any:
    """Buffers for a block of this many entries."""
    zeros = stack_empty((block,), numpy.float32)
    for i in range(block):
        zeros[i] = 0
    return BlockScratch(stack_empty((block,), numpy.uint32), stack_empty((block,), numpy.float32), zeros)


def open_mask(n_models: int) -> SparsifierMask:
    """A mask that keeps everything."""
    return SparsifierMask(
        numpy.zeros(n_models, numpy.float32),
        numpy.full(n_models, 2**32, numpy.uint64),
        numpy.zeros((n_models, 2), numpy.uint32),
        numpy.zeros(n_models, numpy.float32),
    )


@inlined
def is_identity(mask: Any, model: int) -> bool:
    """Whether this model's deltas stay as they are."""
    return mask.thresholds[model] == 0 and mask.divisors[model] == 0 and mask.limits[model] == numpy.uint64(2**32)


@inlined
def only_draws(mask: Any, model: int) -> bool:
    """Whether this model's entries are kept or dropped by their draws alone."""
    return mask.thresholds[model] == 0 and mask.limits[model] < numpy.uint64(2**32)


@inlined
def divisor_of(mask: Any, model: int) -> float:
    """The divisor of this model's survivors."""
    return mask.divisors[model] if mask.divisors[model] > numpy.float32(0) else numpy.float32(1)


@inlined
def masked_delta(stored: Array, base: Array, model: int, mask: Any, start: int, drawn: Array, left: Array) -> int:
    """Write some blocks of `stored - base` after the mask to `left` (float32); 1 if a delta is not finite, else 0.

    `start` is their first entry in the tensor, a multiple of BLOCK; `drawn` is scratch for whole blocks.
    """
    largest, threshold, by = numpy.uint32(0), mask.thresholds[model], divisor_of(mask, model)
    if mask.limits[model] < numpy.uint64(2**32):
        limit = numpy.uint32(mask.limits[model])
        for part in range(0, len(stored), BLOCK):
            draw_to(limit, mask.keys[model, 0], mask.keys[model, 1], start + part, drawn[part:])
        for i in range(len(stored)):
            delta = widened(stored[i]) - widened(base[i])
            largest = max(largest, magnitude(delta))
            large = delta if abs(delta) >= threshold else numpy.float32(0)
            left[i] = large / by if drawn[i] < limit else numpy.float32(0)
    else:
        for i in range(len(stored)):
            delta = widened(stored[i]) - widened(base[i])
            largest = max(largest, magnitude(delta))
            left[i] = delta if abs(delta) >= threshold else numpy.float32(0)
        if by != numpy.float32(1):
            for i in range(len(stored)):
                left[i] /= by
    return int(largest >= INFINITE)


@uncounted
def delta_of(
    experts: Any, model: int, place: int, anchor: Array, mask: Any, start: int, drawn: Array, left: Array
) -> int:
    """The `masked_delta` of a model's entries from `place` on, minus as many of `anchor` (float32), for `FormatArrays`."""
    address, length, stop = experts.addresses[model], experts.length, place + len(anchor)
    if experts.format == BFLOAT16:
        return masked_delta(
            array_at(address, length, numpy.uint16)[place:stop], anchor, model, mask, start, drawn, left
        )
    if experts.format == FLOAT16:
        return masked_delta(array_at(address, length, numpy.int16)[place:stop], anchor, model, mask, start, drawn, left)
    return masked_delta(array_at(address, length, numpy.float32)[place:stop], anchor, model, mask, start, drawn, left)


@uncounted
def draw_to(limit: int, key0: int, key1: int, start: int, drawn: Array) -> None:
    """Draw as many bits of a block as it takes to decide which draws lie below `limit`."""
    if _draw_near(limit, key0, key1, start, UPPER, drawn) < numpy.uint32(1 << 16):
        complete(key0, key1, start, drawn)


@uncounted
def complete(key0: int, key1: int, start: int, drawn: Array) -> None:
    """Add the lower halves of a block's draws to their upper halves."""
    lower = stack_empty((BLOCK,), numpy.uint32)
    draw(key0, key1, start, LOWER, lower)
    for i in range(BLOCK):
        drawn[i] |= lower[i] >> numpy.uint32(16)


@uncounted
def draw(key0: int, key1: int, start: int, half: int, drawn: Array) -> None:
    """One half of the draws of the entries start … start+BLOCK-1, UPPER or LOWER, as upper halves of words; see
    `randomness.draws`. `start` is a multiple of BLOCK."""
    _draw_near(0, key0, key1, start, half, drawn)


@njit(nogil=True, cache=True, inline="always")
def _draw_near(limit: int, key0: int, key1: int, start: int, half: int, drawn: Array) -> int:
    """The same; the exclusive-or of a draw and `limit` that is the smallest."""
    k0, k1 = numpy.uint32(key0), numpy.uint32(key1)
    k2 = numpy.uint32(numpy.uint32(k0 ^ k1) ^ numpy.uint32(PARITY))
    # Blocks start at multiples of their length, so the counter's high word is the same in all of one.
    low = numpy.uint32(numpy.uint32(start // 4) + k0)
    high = numpy.uint32(numpy.uint32(numpy.uint32(start // 4 >> 32) | half) + k1)
    near, nearest = numpy.uint32(limit), numpy.uint32(0xFFFFFFFF)
    for i in range(LANES):
        # All groups of a block side by side: each round of one waits for the round before, meanwhile others go on.
        a = _draw_four(low, high, k0, k1, k2, near, i, drawn)
        b = _draw_four(low, high, k0, k1, k2, near, GROUP + i, drawn)
        c = _draw_four(low, high, k0, k1, k2, near, 2 * GROUP + i, drawn)
        d = _draw_four(low, high, k0, k1, k2, near, 3 * GROUP + i, drawn)
        nearest = min(nearest, min(min(a, b), min(c, d)))
    return nearest


@njit(nogil=True, cache=True, inline="always")
def _draw_four(low: int, high: int, k0: int, k1: int, k2: int, limit: int, place: int, drawn: Array) -> int:
    """The draws of one counter, the first at `place`; the smallest exclusive-or of one with `limit`."""
    x, y = _threefry(added(low, place // GROUP * LANES + place % GROUP), high, k0, k1, k2)
    a, b = numpy.uint32(x << numpy.uint32(16)), numpy.uint32(x & numpy.uint32(0xFFFF0000))
    c, d = numpy.uint32(y << numpy.uint32(16)), numpy.uint32(y & numpy.uint32(0xFFFF0000))
    drawn[place], drawn[place + LANES], drawn[place + 2 * LANES], drawn[place + 3 * LANES] = a, b, c, d
    return min(
        min(numpy.uint32(a ^ limit), numpy.uint32(b ^ limit)), min(numpy.uint32(c ^ limit), numpy.uint32(d ^ limit))
    )


@njit(nogil=True, cache=True, inline="always")
def _threefry(x: int, y: int, k0: int, k1: int, k2: int) -> tuple[int, int]:
    """The words of a counter to whose words those of the key were added."""
    x, y = _four_rounds(x, y, A0, A1, A2, A3)
    x, y = _four_rounds(added(x, k1), added(y, added(k2, 1)), B0, B1, B2, B3)
    x, y = _four_rounds(added(x, k2), added(y, added(k0, 2)), A0, A1, A2, A3)
    x, y = _four_rounds(added(x, k0), added(y, added(k1, 3)), B0, B1, B2, B3)
    x, y = _four_rounds(added(x, k1), added(y, added(k2, 4)), A0, A1, A2, A3)
    return added(x, k2), added(y, added(k0, 5))


@njit(nogil=True, cache=True, inline="always")
def _four_rounds(x: int, y: int, first: int, second: int, third: int, fourth: int) -> tuple[int, int]:
    x = added(x, y)
    y = mixed(y, first, x)
    x = added(x, y)
    y = mixed(y, second, x)
    x = added(x, y)
    y = mixed(y, third, x)
    x = added(x, y)
    return x, mixed(y, fourth, x)
