"""The singular value decomposition of a matrix with no more rows than columns.

The rows are sorted by norm, longest first, and reduced to a triangular factor R. One-sided Jacobi rotations make the rows
of R orthogonal, in few sweeps because they nearly are (Drmač & Veselić 2008). They are then the values times the left
vectors; the right vectors follow from the matrix.
"""

from __future__ import annotations

import math

import numpy

from mergelab.linalg.products import multiply
from mergelab.linalg.rotations import SWEEPS, orthogonalise
from mergelab.linalg.sums import Matrix, Vector, lengths
from mergelab.linalg.triangular import triangle


def triplets(rows: Matrix) -> tuple[Matrix, Vector, Matrix]:
    """Left (n, n), values (n,) descending and right (n, m) of `rows` (n, m), n ≤ m; vectors of value 0 are 0."""
    largest = float(numpy.abs(rows).max(initial=0.0))
    if not math.isfinite(largest):
        raise ValueError(f"a {rows.shape[0]} × {rows.shape[1]} matrix with NaN or infinity has no singular values")
    if largest == 0.0:
        return numpy.zeros((len(rows), len(rows))), numpy.zeros(len(rows)), numpy.zeros(rows.shape)
    unit = 2.0 ** math.frexp(largest)[1]  # dividing by a power of two rounds nothing, and squares cannot overflow
    left, values = _left_of(rows / unit)
    towards = left.T / numpy.where(values == 0, 1.0, values)[:, None]
    return left, values * unit, multiply(towards, rows / unit)


def _left_of(rows: Matrix) -> tuple[Matrix, Vector]:
    """The left vectors as columns, and the values."""
    order = numpy.argsort(-lengths(rows), kind="stable")
    turned = triangle(rows[order])
    if not orthogonalise(turned):
        raise ValueError(
            f"the singular values of a {rows.shape[0]} × {rows.shape[1]} matrix did not converge in {SWEEPS} sweeps"
        )
    values = lengths(turned)
    falling = numpy.argsort(-values, kind="stable")
    values, vectors = values[falling], turned[falling]
    left = numpy.empty_like(vectors)
    left[order] = (vectors / numpy.where(values == 0, 1.0, values)[:, None]).T
    return left, values
