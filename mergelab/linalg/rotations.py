"""One-sided Jacobi: rotates pairs of rows until all are orthogonal (Hestenes 1958; Demmel & Veselić 1992)."""

from __future__ import annotations

import math

import numpy
from numba import njit

from mergelab.linalg.sums import COMPILED, IN_PLACE, LANES, Matrix, Vector, dot

SWEEPS = 60
"""Maximum number of rounds over all pairs; six to ten are typical."""
CACHED = 1 << 15
"""Numbers per block of rows: two blocks fit in the L2 cache while their pairs are rotated."""


@njit(**COMPILED)
def orthogonalise(rows: Matrix) -> bool:
    """Rotate `rows` (n, m) in place until every pair's cosine is rounding noise; returns whether it converged."""
    squares, lanes = numpy.empty(len(rows)), numpy.empty(LANES)
    noise = math.sqrt(rows.shape[1]) * numpy.finfo(numpy.float64).eps
    for _ in range(SWEEPS):
        for row in range(len(rows)):
            squares[row] = dot(rows[row], rows[row], lanes)
        if _sweep(rows, squares, noise, lanes) == 0:
            return True
    return False


@njit(**IN_PLACE)
def _sweep(rows: Matrix, squares: Vector, noise: float, lanes: Vector) -> int:
    """Visit every pair once, block by block; returns the number of pairs rotated."""
    block, rotated = max(1, CACHED // rows.shape[1]), 0
    for top in range(0, len(rows), block):
        for left in range(top, len(rows), block):
            for one in range(top, min(top + block, len(rows))):
                for other in range(max(left, one + 1), min(left + block, len(rows))):
                    rotated += _rotate(rows, squares, one, other, noise, lanes)
    return rotated


@njit(**IN_PLACE)
def _rotate(rows: Matrix, squares: Vector, one: int, other: int, noise: float, lanes: Vector) -> int:
    """Make two rows orthogonal and put the longer one first; returns 0 if they were orthogonal, else 1."""
    a, b = squares[one], squares[other]
    product = dot(rows[one], rows[other], lanes)
    if abs(product) <= noise * math.sqrt(a) * math.sqrt(b):
        return 0
    ratio = (b - a) / (2.0 * product)
    tangent = 1.0 / (abs(ratio) + math.sqrt(1.0 + ratio * ratio))
    tangent = tangent if ratio >= 0 else -tangent
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    sine = cosine * tangent
    a, b = a - tangent * product, b + tangent * product
    if a >= b:
        _turn(rows[one], rows[other], cosine, -sine, sine, cosine)
    else:
        a, b = b, a
        _turn(rows[one], rows[other], sine, cosine, cosine, -sine)
    squares[one], squares[other] = max(a, 0.0), max(b, 0.0)
    return 1


@njit(**IN_PLACE)
def _turn(one: Vector, other: Vector, p: float, q: float, r: float, s: float) -> None:
    for place in range(len(one)):
        x, y = one[place], other[place]
        one[place] = p * x + q * y
        other[place] = r * x + s * y
