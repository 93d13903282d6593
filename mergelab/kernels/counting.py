"""Counts over one model's delta in one pass: histograms of its magnitudes' bits, and the signs that models elect."""

from __future__ import annotations

from typing import Any

import numpy
from numba import njit

from mergelab.kernels.experts import part_of
from mergelab.kernels.floats import Array, load
from mergelab.kernels.sieve import BLOCK, sifted

GRAIN, FEW = 64, 16
"""A run of so many entries is searched one by one only if it holds something: of what is rare, and of what is not."""


@njit(nogil=True, cache=True)
def any_left(base: Array, expert: Array, model: int, sieve: Any, start: int) -> bool:
    """Whether anything of `expert - base`, sifted, is not zero; the first block nearly always tells."""
    anchor, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    drawn = numpy.empty(BLOCK, numpy.uint32)
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        load(part, anchor)
        sifted(expert[place : place + BLOCK], anchor, model, sieve, start + place, drawn, values)
        for i in range(len(part)):
            if values[i] != 0:
                return True
    return False


@njit(nogil=True, cache=True)
def count_upper(base: Array, expert: Array, model: int, sieve: Any, start: int, counts: Array) -> int:
    """Add the upper 16 bits of the magnitudes of `expert - base`, sifted, to `counts` (65536,); 1 if one is not finite."""
    anchor, values, bad = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32), 0
    drawn = numpy.empty(BLOCK, numpy.uint32)
    bits = values.view(numpy.uint32)
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        load(part, anchor)
        bad |= sifted(expert[place : place + BLOCK], anchor, model, sieve, start + place, drawn, values)
        for i in range(len(part)):
            bits[i] = numpy.uint32(numpy.uint32(bits[i] & numpy.uint32(0x7FFFFFFF)) >> numpy.uint32(16))
        for i in range(len(part)):
            counts[bits[i]] += numpy.uint32(1)
    return bad


@njit(nogil=True, cache=True)
def count_lower(base: Array, expert: Array, model: int, sieve: Any, start: int, upper: int, counts: Array) -> None:
    """Add the lower 16 bits of those magnitudes whose upper 16 bits are `upper` to `counts` (65536,)."""
    anchor, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    drawn = numpy.empty(BLOCK, numpy.uint32)
    bits = values.view(numpy.uint32)
    wanted = numpy.uint32(upper)
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        load(part, anchor)
        sifted(expert[place : place + BLOCK], anchor, model, sieve, start + place, drawn, values)
        for i in range(len(part)):
            bits[i] = numpy.uint32(bits[i] & numpy.uint32(0x7FFFFFFF))
        for grain in range(0, len(part), GRAIN):
            run = bits[grain : min(grain + GRAIN, len(part))]
            found = numpy.uint32(0)
            for i in range(len(run)):
                found = numpy.uint32(found | numpy.uint32(numpy.uint32(run[i] >> numpy.uint32(16)) == wanted))
            if found:
                for i in range(len(run)):
                    if (run[i] >> numpy.uint32(16)) == wanted:
                        counts[run[i] & numpy.uint32(0xFFFF)] += numpy.uint32(1)


@njit(nogil=True, cache=True)
def count_elected(
    base: Array, experts: Any, sieve: Any, start: int, thresholds: Array, weights: Array, by_count: bool
) -> int:
    """The sum over entries of the sign that the deltas from `thresholds` on elect, each times its weight."""
    anchor, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    votes, drawn = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.uint32)
    total = 0
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        load(part, anchor)
        votes[:] = 0
        for model in range(len(experts.addresses)):
            sifted(part_of(experts, model, place, place + BLOCK), anchor, model, sieve, start + place, drawn, values)
            threshold, weight = thresholds[model], weights[model]
            for i in range(len(part)):
                vote = values[i] * weight if abs(values[i]) >= threshold else numpy.float32(0)
                sign = numpy.float32(vote > 0) - numpy.float32(vote < 0)
                votes[i] += sign if by_count else vote
        surplus = numpy.int32(0)
        for i in range(len(part)):
            surplus += numpy.int32(votes[i] > 0) - numpy.int32(votes[i] < 0)
        total += surplus
    return total


@njit(nogil=True, cache=True)
def collect(
    base: Array, expert: Array, model: int, sieve: Any, start: int, lowest: int, highest: int, found: Array
) -> tuple[int, int]:
    """Copy the magnitudes of `expert - base`, sifted, from `lowest` to `highest` (bit patterns) to `found`.

    Gives how many lie above, and how many were copied; -1 where `found` is too short.
    """
    anchor, values = numpy.empty(BLOCK, numpy.float32), numpy.empty(BLOCK, numpy.float32)
    drawn, bits = numpy.empty(BLOCK, numpy.uint32), values.view(numpy.uint32)
    low, high = numpy.uint32(lowest), numpy.uint32(highest)
    above, count = 0, 0
    for place in range(0, len(base), BLOCK):
        part = base[place : place + BLOCK]
        load(part, anchor)
        sifted(expert[place : place + BLOCK], anchor, model, sieve, start + place, drawn, values)
        larger = numpy.uint32(0)
        for i in range(len(part)):
            bits[i] = numpy.uint32(bits[i] & numpy.uint32(0x7FFFFFFF))
        for i in range(len(part)):
            larger = numpy.uint32(larger + numpy.uint32(bits[i] > high))
        above += larger
        if count + BLOCK > len(found):
            return above, -1
        for grain in range(0, len(part), FEW):
            run = bits[grain : min(grain + FEW, len(part))]
            some = numpy.uint32(0)
            for i in range(len(run)):
                some = numpy.uint32(some | numpy.uint32((run[i] >= low) & (run[i] <= high)))
            if some:
                for i in range(len(run)):
                    if low <= run[i] <= high:
                        found[count] = run[i]
                        count += 1
    return above, count
