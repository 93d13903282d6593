"""Cholesky factorisation and the solution of linear systems with it (Golub & Van Loan 2013, section 4.2)."""

from __future__ import annotations

import math

import numpy
from numba import njit

from mergelab.linalg.sums import COMPILED, IN_PLACE, LANES, Matrix, dot


@njit(**COMPILED)
def factorise(matrix: Matrix) -> tuple[Matrix, float]:
    """The lower triangular L with L L^T = `matrix` (n, n), symmetric, and its smallest squared pivot.

    If a pivot is not above 0, the factor ends there and that pivot is returned. Only the lower half is read.
    """
    lower, lanes, smallest = numpy.zeros(matrix.shape), numpy.empty(LANES), math.inf
    for row in range(len(matrix)):
        for column in range(row):
            known = dot(lower[row, :column], lower[column, :column], lanes)
            lower[row, column] = (matrix[row, column] - known) / lower[column, column]
        pivot = matrix[row, row] - dot(lower[row, :row], lower[row, :row], lanes)
        smallest = min(smallest, pivot)
        if not pivot > 0:
            return lower, pivot
        lower[row, row] = math.sqrt(pivot)
    return lower, smallest


@njit(**COMPILED)
def solve(lower: Matrix, right: Matrix) -> Matrix:
    """X (n, m) with L L^T X = `right` (n, m), for the factor L = `lower` (n, n)."""
    found, upper = right.copy(), lower.T.copy()
    for row in range(len(lower)):
        _eliminate(found, lower, row, 0, row)
    for row in range(len(lower) - 1, -1, -1):
        _eliminate(found, upper, row, row + 1, len(lower))
    return found


@njit(**IN_PLACE)
def _eliminate(found: Matrix, factors: Matrix, row: int, start: int, stop: int) -> None:
    """found[row] = (found[row] - factors[row, start:stop] @ found[start:stop]) / factors[row, row], summed in order."""
    for k in range(start, stop):
        factor = factors[row, k]
        for place in range(found.shape[1]):
            found[row, place] -= factor * found[k, place]
    for place in range(found.shape[1]):
        found[row, place] /= factors[row, row]
