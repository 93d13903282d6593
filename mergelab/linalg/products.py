"""Matrix products in which every entry is summed in the order of the inner dimension."""

from __future__ import annotations

import numpy
from numba import njit

from mergelab.linalg.sums import COMPILED, IN_PLACE, Matrix

COLUMNS = 512
"""Columns of the result computed at a time: one row of them, and four rows of the right factor, fit in the L1 cache."""


@njit(**COMPILED)
def multiply(left: Matrix, right: Matrix) -> Matrix:
    """`left` (n, k) times `right` (k, m), both C-contiguous, gives (n, m)."""
    found = numpy.zeros((left.shape[0], right.shape[1]))
    for start in range(0, right.shape[1], COLUMNS):
        for row in range(left.shape[0]):
            _add_rows(found, left, right, row, start, min(start + COLUMNS, right.shape[1]))
    return found


@njit(**IN_PLACE)
def _add_rows(found: Matrix, left: Matrix, right: Matrix, row: int, start: int, stop: int) -> None:
    """One row of the product from column `start` to `stop`, four terms at a time to load and store the row less often."""
    whole = left.shape[1] // 4 * 4
    for k in range(0, whole, 4):
        a, b, c, d = left[row, k], left[row, k + 1], left[row, k + 2], left[row, k + 3]
        for place in range(start, stop):
            total = found[row, place] + a * right[k, place]
            total += b * right[k + 1, place]
            total += c * right[k + 2, place]
            found[row, place] = total + d * right[k + 3, place]
    for k in range(whole, left.shape[1]):
        for place in range(start, stop):
            found[row, place] += left[row, k] * right[k, place]
