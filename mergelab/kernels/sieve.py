"""What a sparsifier leaves of a block of one expert's delta, drawn and measured on the fly."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
from numba import njit

from mergelab.kernels.floats import Array, load_difference
from mergelab.kernels.words import added, mixed
from mergelab.randomness import LANES, PARITY, ROTATIONS

BLOCK = 2048
"""Entries worked on at once: all buffers of a block stay in the nearest cache."""
A0, A1, A2, A3 = ROTATIONS[0]
B0, B1, B2, B3 = ROTATIONS[1]


class Sieve(NamedTuple):
    """How each model's delta is thinned before the merge; arrays over models.

    `thresholds`: keep from this magnitude on, 0 keeps all. `limits`: keep entries whose draw is below, 2^32 keeps all;
    `keys` are the generator's. `divisors`: survivors are divided by this unless it is 0.
    """

    thresholds: Array
    limits: Array
    keys: Array
    divisors: Array


def open_sieve(n_models: int) -> Sieve:
    """A sieve that lets everything through."""
    return Sieve(
        numpy.zeros(n_models, numpy.float32), numpy.full(n_models, 2**32, numpy.uint64),
        numpy.zeros((n_models, 2), numpy.uint32), numpy.zeros(n_models, numpy.float32),
    )  # fmt: skip


@njit(nogil=True, cache=True)
def sifted(stored: Array, base: Array, model: int, sieve: Any, start: int, drawn: Array, out: Array) -> int:
    """Write a block of what is left of `stored - base` to `out`; 1 if a delta is NaN or infinite, else 0.

    `start` is the block's place in its tensor, a multiple of 2 · LANES; `drawn` is scratch as long as a block.
    """
    largest = load_difference(stored, base, out)
    threshold, divisor = sieve.thresholds[model], sieve.divisors[model]
    if sieve.limits[model] < numpy.uint64(2**32):
        limit = numpy.uint32(sieve.limits[model])
        draw(sieve.keys[model, 0], sieve.keys[model, 1], start, len(stored), drawn)
        for i in range(len(stored)):
            out[i] = out[i] if drawn[i] < limit else numpy.float32(0)
    if threshold > numpy.float32(0):
        for i in range(len(stored)):
            out[i] = out[i] if abs(out[i]) >= threshold else numpy.float32(0)
    if divisor > numpy.float32(0):
        for i in range(len(stored)):
            out[i] /= divisor
    return int(largest >= numpy.uint32(0x7F800000))


@njit(nogil=True, cache=True)
def draw(key0: int, key1: int, start: int, count: int, drawn: Array) -> None:
    """The draws of the entries start … start+count-1; see `randomness.draws` for what they are."""
    pairs = (count + 2 * LANES - 1) // (2 * LANES) * LANES
    k0, k1 = numpy.uint32(key0), numpy.uint32(key1)
    k2 = numpy.uint32(numpy.uint32(k0 ^ k1) ^ numpy.uint32(PARITY))
    # Blocks start at multiples of their length, so the counter's high word is the same in all of one.
    low = numpy.uint32(numpy.uint32(start // 2) + k0)
    high = numpy.uint32(numpy.uint32(start // 2 >> 32) + k1)
    for lane in range(0, pairs, LANES):
        for i in range(LANES):
            # All rounds written out: the two words stay in registers, many counters at once.
            x = added(low, lane + i)
            y = high
            x = added(x, y)
            y = mixed(y, A0, x)
            x = added(x, y)
            y = mixed(y, A1, x)
            x = added(x, y)
            y = mixed(y, A2, x)
            x = added(x, y)
            y = mixed(y, A3, x)
            x = added(x, k1)
            y = added(y, added(k2, 1))
            x = added(x, y)
            y = mixed(y, B0, x)
            x = added(x, y)
            y = mixed(y, B1, x)
            x = added(x, y)
            y = mixed(y, B2, x)
            x = added(x, y)
            y = mixed(y, B3, x)
            x = added(x, k2)
            y = added(y, added(k0, 2))
            x = added(x, y)
            y = mixed(y, A0, x)
            x = added(x, y)
            y = mixed(y, A1, x)
            x = added(x, y)
            y = mixed(y, A2, x)
            x = added(x, y)
            y = mixed(y, A3, x)
            x = added(x, k0)
            y = added(y, added(k1, 3))
            x = added(x, y)
            y = mixed(y, B0, x)
            x = added(x, y)
            y = mixed(y, B1, x)
            x = added(x, y)
            y = mixed(y, B2, x)
            x = added(x, y)
            y = mixed(y, B3, x)
            x = added(x, k1)
            y = added(y, added(k2, 4))
            x = added(x, y)
            y = mixed(y, A0, x)
            x = added(x, y)
            y = mixed(y, A1, x)
            x = added(x, y)
            y = mixed(y, A2, x)
            x = added(x, y)
            y = mixed(y, A3, x)
            x = added(x, k2)
            y = added(y, added(k0, 5))
            drawn[2 * lane + i] = x
            drawn[2 * lane + LANES + i] = y
