"""Dot products in one fixed order of additions that suits all vector units."""

from __future__ import annotations

import math
from typing import Any

import numpy
from numba import njit
from numpy.typing import NDArray

from mergelab.linalg.kernel_cache import stamp_kernels

stamp_kernels()  # before the first kernel is made

LANES = 64
"""Number of partial sums per dot product. They fit in the L1 cache, and every vector width divides their number."""

COMPILED: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}
"""Options of `njit` in this package. Without `fastmath`, LLVM keeps the order of operations and fuses none of them."""
IN_PLACE: dict[str, Any] = {**COMPILED, "_nrt": False}
"""Options for functions that create no arrays: without reference counting, which would cost more than a short loop."""

Vector = NDArray[numpy.float64]
Matrix = NDArray[numpy.float64]
Stored = NDArray[numpy.float32] | NDArray[numpy.float64]


@njit(**IN_PLACE)
def dot(first: Vector, second: Vector, lanes: Vector) -> float:
    """The dot product of two vectors of equal length; `lanes` (LANES,) is overwritten."""
    for lane in range(LANES):
        lanes[lane] = 0.0
    whole = len(first) // LANES * LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            lanes[lane] += first[start + lane] * second[start + lane]
    for lane in range(len(first) - whole):
        lanes[lane] += first[whole + lane] * second[whole + lane]
    half = LANES // 2
    while half:
        for lane in range(half):
            lanes[lane] += lanes[lane + half]
        half //= 2
    return lanes[0]


@njit(**COMPILED)
def square_sums(first: Stored, second: Stored) -> tuple[float, float]:
    """Σ first² and Σ (first − second)² of two vectors of equal length, each entry converted to float64 before anything else."""
    own, apart = numpy.zeros(LANES), numpy.zeros(LANES)
    whole = len(first) // LANES * LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            one, other = numpy.float64(first[start + lane]), numpy.float64(second[start + lane])
            own[lane] += one * one
            apart[lane] += (one - other) * (one - other)
    for lane in range(len(first) - whole):
        one, other = numpy.float64(first[whole + lane]), numpy.float64(second[whole + lane])
        own[lane] += one * one
        apart[lane] += (one - other) * (one - other)
    half = LANES // 2
    while half:
        for lane in range(half):
            own[lane] += own[lane + half]
            apart[lane] += apart[lane + half]
        half //= 2
    return own[0], apart[0]


@njit(**COMPILED)
def lengths(rows: Matrix) -> Vector:
    """The norm of each row of `rows` (n, m)."""
    found, lanes = numpy.empty(len(rows)), numpy.empty(LANES)
    for row in range(len(rows)):
        found[row] = math.sqrt(dot(rows[row], rows[row], lanes))
    return found
