"""Arrays that nobody counts references to hold what others hold."""

from __future__ import annotations

import numpy
import pytest

from mergelab.kernels.cpu.floats import Array
from mergelab.kernels.cpu.stack_arrays import LINE, array_at, stack_empty, uncounted


@uncounted
def repeated(values: Array, rows: int, found: Array) -> int:
    """Each of `values` to all `rows` of a stack array, and their sums to `found`; where it lies."""
    made = stack_empty((rows, 100), values.dtype)
    for row in range(rows):
        for i in range(100):
            made[row, i] = values[i]
    for i in range(100):
        found[i] = 0
        for row in range(rows):
            found[i] += made[row, i]
    return int(made.ctypes.data)


@uncounted
def total_at(address: int, count: int, like: Array) -> float:
    values, total = array_at(address, count, like), 0.0
    for value in values[1:]:
        total += value
    return total


@pytest.mark.parametrize("kind", [numpy.uint16, numpy.float32, numpy.float64])
@pytest.mark.parametrize("rows", [1, 3])
def test_a_stack_array_has_rows_and_starts_at_a_line_of_the_cache(kind: type, rows: int) -> None:
    values, found = numpy.arange(100, dtype=kind), numpy.empty(100, kind)
    assert repeated(values, rows, found) % LINE == 0
    assert found.tolist() == (rows * values).tolist()


def test_an_array_is_what_lies_at_its_address() -> None:
    values = numpy.arange(5, dtype=numpy.float32)
    assert total_at(values.ctypes.data, 4, values[:0]) == 6.0
