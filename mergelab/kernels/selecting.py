"""The m-th largest magnitude of one model's delta, exactly, in one pass after a look at a sample."""

from __future__ import annotations

from typing import Any

import numpy

from mergelab.kernels import counting
from mergelab.kernels.floats import Array
from mergelab.kernels.sieve import BLOCK

WINDOWS, WIDTH = 32, 1024
"""Stretches of the sample, spread evenly, and their length."""
SAMPLED_FROM = 1 << 17
"""Shorter stretches are collected whole: a sample would be much of them."""
EVERYTHING = 0, 0x7FFFFFFF
MARGIN = 3.0
"""Standard errors of the sample's quantile on each side of the bracket; a miss costs time, never the result."""


def largest(base: Array, expert: Array, model: int, sieve: Any, start: int, m: int) -> int | None:
    """The bit pattern of the m-th largest magnitude of `expert - base`, sifted; None where the sample misled.

    The magnitudes inside a bracket that nearly surely holds it are collected, those above it counted.
    """
    lowest, highest = _bracket(base, expert, model, sieve, start, m)
    room = len(base) if (lowest, highest) == EVERYTHING else len(base) // 8
    found = numpy.empty(room + 2 * BLOCK, numpy.uint32)
    above, count = counting.collect(base, expert, model, sieve, start, lowest, highest, found)
    wanted = m - above
    if not 1 <= wanted <= count:
        return None
    return int(numpy.partition(found[:count], count - wanted)[count - wanted])


def _bracket(base: Array, expert: Array, model: int, sieve: Any, start: int, m: int) -> tuple[int, int]:
    """Bit patterns between which the m-th largest lies nearly surely, by the quantiles of a sample."""
    if len(base) < SAMPLED_FROM:
        return EVERYTHING
    sample = numpy.empty((WINDOWS, WIDTH + BLOCK), numpy.uint32)
    for number, row in enumerate(sample):
        place = len(base) * number // WINDOWS // BLOCK * BLOCK
        window = slice(place, place + WIDTH)
        counting.collect(base[window], expert[window], model, sieve, start + place, *EVERYTHING, row)
    drawn = numpy.sort(sample[:, :WIDTH].reshape(-1))
    share = m / len(base)
    margin = MARGIN * (share * (1 - share) / len(drawn)) ** 0.5 + 2 / len(drawn)
    return _quantile(drawn, 1 - share - margin, 0), _quantile(drawn, 1 - share + margin, EVERYTHING[1])


def _quantile(ascending: Array, share: float, beyond: int) -> int:
    place = int(share * len(ascending))
    return int(ascending[place]) if 0 <= place < len(ascending) else beyond
