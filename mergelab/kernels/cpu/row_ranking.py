"""DELLA on whole rows of one expert's delta: sorts, ranks and draws row by row, so that a row stays in the caches."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
import torch
from numba import njit
from torch import Tensor

from mergelab.kernels.cpu.floats import INFINITE, Array, widened
from mergelab.kernels.cpu.intrinsics import magnitude
from mergelab.kernels.cpu.sparsifier_mask import BLOCK, UPPER, complete, draw
from mergelab.kernels.cpu.stored_arrays import as_array
from mergelab.methods.ops.stack import KernelUnsupportedError

DIGITS, BITS = 4, 8
"""Digits that magnitudes are sorted by, lowest first, and the bits of one: 32 in all."""


class DropProbabilities(NamedTuple):
    """One expert's knobs: probabilities to survive, from density - epsilon to density + epsilon by rank. With `divides`,
    survivors are divided by their probability."""

    density: float
    epsilon: float
    divides: bool


class RowScratch(NamedTuple):
    """Buffers for a row: its magnitudes with their indices (twice), digit counts, first indices of runs of equal
    magnitudes, ranks, draws."""

    words: Array
    spare: Array
    counts: Array
    firsts: Array
    ranks: Array
    drawn: Array


def thinned(
    base: Tensor, expert: Tensor, width: int, chances: DropProbabilities, key: tuple[int, int], start: int
) -> Tensor:
    """`expert - base` after DELLA, float32 (count,); both are contiguous, in rows of `width` entries.

    `key` is the generator's, `start` the first row's first entry in its tensor. Raises `KernelUnsupportedError` if a delta
    is not finite.
    """
    left, words = torch.empty(base.numel()), numpy.array(key, numpy.uint32)
    if thin(as_array(base), as_array(expert), max(1, width), chances, words, start, as_array(left)):
        raise KernelUnsupportedError("a delta is not finite")
    return left


@njit(nogil=True, cache=True)
def thin(base: Array, expert: Array, width: int, chances: Any, key: Array, start: int, left: Array) -> int:
    """`thinned` to `left`; 1 if a delta is not finite, else 0."""
    scratch, bad = scratch_for(width), 0
    for first in range(0, len(base), width):
        row = left[first : first + width]
        bad |= _subtract(expert[first : first + width], base[first : first + width], row)
        ordered = _ordered(row, scratch)
        _rank(ordered, scratch.firsts, scratch.ranks)
        before = (start + first) % BLOCK
        _draw(key, start + first - before, before + width, scratch.drawn)
        _drop(scratch.ranks, chances, scratch.drawn[before:], row)
    return bad


@njit(nogil=True, cache=True)
def scratch_for(width: int) -> Any:
    """Buffers for rows of this many entries."""
    return RowScratch(
        numpy.empty(width, numpy.uint64),
        numpy.empty(width, numpy.uint64),
        numpy.empty((DIGITS, 1 << BITS), numpy.uint32),
        numpy.empty(width, numpy.int32),
        numpy.empty(width, numpy.int32),
        numpy.empty(width + 2 * BLOCK, numpy.uint32),
    )


@njit(nogil=True, cache=True)
def _subtract(stored: Array, base: Array, row: Array) -> int:
    """Write a row's deltas; 1 if one is not finite, else 0."""
    largest = numpy.uint32(0)
    for i in range(len(row)):
        row[i] = widened(stored[i]) - widened(base[i])
        largest = max(largest, magnitude(row[i]))
    return int(largest >= INFINITE)


@njit(nogil=True, cache=True)
def _ordered(row: Array, scratch: Any) -> Array:
    """The row's magnitudes in rising order, each as its bits above those of its place: a radix sort."""
    counts, source, target = scratch.counts, scratch.words, scratch.spare
    counts[:] = 0
    for i in range(len(row)):
        bits = magnitude(row[i])
        source[i] = numpy.uint64(bits) << numpy.uint64(32) | numpy.uint64(i)
        for digit in range(DIGITS):
            counts[digit, bits >> numpy.uint32(BITS * digit) & numpy.uint32((1 << BITS) - 1)] += numpy.uint32(1)
    for digit in range(DIGITS):
        if counts[digit].max() < len(row):  # else all entries share this digit
            _sort_by(digit, source, counts[digit], target)
            source, target = target, source
    return source


@njit(nogil=True, cache=True)
def _sort_by(digit: int, source: Array, counts: Array, target: Array) -> None:
    """Copy `source` to `target` ordered by one digit, which occurs `counts` times; equal ones stay in their order."""
    shift, place = numpy.uint64(32 + BITS * digit), numpy.uint32(0)
    for value in range(len(counts)):
        count = counts[value]
        counts[value] = place
        place = numpy.uint32(place + count)
    for i in range(len(source)):
        word = source[i]
        value = numpy.uint8(word >> shift)
        target[counts[value]] = word
        counts[value] += numpy.uint32(1)


@njit(nogil=True, cache=True)
def _rank(ordered: Array, firsts: Array, ranks: Array) -> None:
    """Write two times the mean rank of each entry's run of equal magnitudes, counted from 0, to its place in `ranks`."""
    first, last, before = 0, len(ordered) - 1, ordered[0] >> numpy.uint64(32)
    for i in range(len(ordered)):
        here = ordered[i] >> numpy.uint64(32)
        first = first if here == before else i
        firsts[i], before = first, here
    for i in range(len(ordered) - 1, -1, -1):
        here = ordered[i] >> numpy.uint64(32)
        last = last if here == before else i
        ranks[ordered[i] & numpy.uint64(0xFFFFFFFF)], before = firsts[i] + last, here


@njit(nogil=True, cache=True)
def _draw(key: Array, start: int, count: int, drawn: Array) -> None:
    """The draws of the entries start … start+count-1 and of those up to the end of their block; `start` is where one begins."""
    for place in range(0, count, BLOCK):
        draw(key[0], key[1], start + place, UPPER, drawn[place:])
        complete(key[0], key[1], start + place, drawn[place:])


@njit(nogil=True, cache=True, error_model="numpy")  # a check of each divisor would keep the loop from vector units
def _drop(ranks: Array, chances: Any, drawn: Array, row: Array) -> None:
    """Drop and rescale a row's entries, with float64 operations in the order of the reference."""
    density, epsilon = numpy.float64(chances.density), numpy.float64(chances.epsilon)
    highest, span = len(row) - 1, numpy.float64(max(1, len(row) - 1))
    by_rank = density != 0 and density != 1
    for i in range(len(row)):
        centred = numpy.float64(ranks[i] - highest) / span
        chance = min(max(density + epsilon * centred, 0.0), 1.0) if by_rank else density
        divisor = numpy.float32(max(chance, 2.0**-32)) if chances.divides else numpy.float32(1)
        # For a whole number the same as to lie below the limit, which is the product rounded down.
        survives = numpy.float64(drawn[i]) + 1.0 <= chance * 2.0**32
        kept = row[i] if survives else numpy.float32(0)
        row[i] = kept / divisor
