"""The triangular factor R of a QR decomposition, by Householder reflections (Golub & Van Loan 2013, section 5.2)."""

from __future__ import annotations

import math

import numpy
from numba import njit

from mergelab.linalg.sums import COMPILED, IN_PLACE, LANES, Matrix, Vector, dot

CHUNK = 256
"""Entries per row that are eliminated together; they stay in cache during the reflections."""


@njit(**COMPILED)
def triangle(rows: Matrix) -> Matrix:
    """The upper triangular R (n, n) with R^T R = rows rows^T, for `rows` (n, m); Q is not formed.

    Each chunk of columns of `rows` is eliminated against the R of the chunks before it.
    """
    count, length = rows.shape
    found, lanes = numpy.zeros((count, count)), numpy.empty(LANES)
    for start in range(0, length, CHUNK):
        _eliminate(found, rows[:, start : start + CHUNK].copy(), lanes)
    return found


@njit(**IN_PLACE)
def _eliminate(found: Matrix, chunk: Matrix, lanes: Vector) -> None:
    """Replace `found` by the R of `found` stacked on `chunk` (n, at most CHUNK); `chunk` is overwritten."""
    for k in range(len(chunk)):
        vector = chunk[k]
        below = dot(vector, vector, lanes)
        if below == 0.0:
            continue
        head = found[k, k]
        length = math.sqrt(head * head + below)
        pivot = -length if head > 0 else length
        factor = (pivot - head) / pivot
        for place in range(len(vector)):
            vector[place] /= head - pivot
        found[k, k] = pivot
        for j in range(k + 1, len(chunk)):
            _reflect(found, k, j, chunk[j], vector, factor, lanes)


@njit(**IN_PLACE)
def _reflect(found: Matrix, k: int, j: int, column: Vector, vector: Vector, factor: float, lanes: Vector) -> None:
    along = factor * (found[k, j] + dot(vector, column, lanes))
    found[k, j] -= along
    for place in range(len(column)):
        column[place] -= along * vector[place]
