"""The m-th largest magnitude of one model's delta, exactly, in one pass after a look at a sample."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy
from numba import njit

from mergelab.kernels.cpu import counting
from mergelab.kernels.cpu.floats import Array
from mergelab.kernels.cpu.sparsifier_mask import BLOCK

WIDTH = 64
"""Entries of each window of the sample: short, because neighbours resemble each other, so that many windows tell more."""
SAMPLED_FROM = 1 << 17
"""Shorter stretches are collected whole: a sample would be much of them."""
INTERVALS = 1 << 11
EVERYTHING = 0, 0x7FFFFFFF
MARGIN = 3.0
"""Standard errors of the sample's quantile on each side of the bracket; a miss costs time, never the result."""


def largest(base: Array, expert: Array, model: int, mask: Any, start: int, m: int) -> int | None:
    """The bit pattern of the m-th largest magnitude of `expert - base`, masked_delta; None where the sample misled.

    The magnitudes inside a bracket that nearly surely holds it are collected, those above it counted.
    """
    lowest, highest = _bracket(base, expert, model, mask, start, m)
    room = len(base) if (lowest, highest) == EVERYTHING else len(base) // 8
    found = numpy.empty(room + 2 * BLOCK, numpy.uint32)
    above, count = counting.collect(base, expert, model, mask, start, lowest, highest, found)
    wanted = m - above
    if not 1 <= wanted <= count:
        return None
    return int(nth_largest(found[:count], wanted))


def _bracket(base: Array, expert: Array, model: int, mask: Any, start: int, m: int) -> tuple[int, int]:
    """Bit patterns between which the m-th largest lies nearly surely, by the quantiles of a sample."""
    if len(base) < SAMPLED_FROM:
        return EVERYTHING
    drawn = numpy.empty(4 * isqrt(len(base) // BLOCK) * WIDTH, numpy.uint32)
    counting.sample(base, expert, model, mask, start, drawn.reshape(-1, WIDTH))
    share = m / len(base)
    margin = MARGIN * (share * (1 - share) / len(drawn)) ** 0.5 + 2 / len(drawn)
    return _from_top(drawn, share + margin, EVERYTHING[0]), _from_top(drawn, share - margin, EVERYTHING[1])


def _from_top(drawn: Array, share: float, beyond: int) -> int:
    """The magnitude that so large a share of the sample reaches; `beyond` where that is none or all of it."""
    place = int(share * len(drawn))
    return int(nth_largest(drawn.copy(), place)) if 1 <= place <= len(drawn) else beyond


@njit(nogil=True, cache=True)
def nth_largest(words: Array, n: int) -> int:
    """The n-th largest of uint32 `words`, from n = 1 on; their order is lost.

    Counted into equal intervals from the smallest to the largest, of which only the one that holds the n-th goes on.
    """
    counts = numpy.empty(INTERVALS, numpy.int64)
    lowest = highest = numpy.int64(words[0])
    for word in words:
        lowest, highest = min(lowest, numpy.int64(word)), max(highest, numpy.int64(word))
    while lowest < highest:
        shift = 0
        while (highest - lowest) >> shift >= INTERVALS:
            shift += 1
        counts[:] = 0
        for word in words:
            counts[(numpy.int64(word) - lowest) >> shift] += 1
        interval = INTERVALS - 1
        while n > counts[interval]:
            n -= counts[interval]
            interval -= 1
        kept = 0
        for word in words:
            if (numpy.int64(word) - lowest) >> shift == interval:
                words[kept] = word
                kept += 1
        words, lowest = words[:kept], lowest + (interval << shift)
        highest = min(highest, lowest + (1 << shift) - 1)
    return lowest
