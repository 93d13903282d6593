"""Any number of experts' arrays as one argument: a tuple of arrays would be compiled anew for every number of experts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
from numba import njit

from mergelab.kernels.cpu.floats import Array
from mergelab.kernels.cpu.stack_arrays import array_at


class Experts(NamedTuple):
    """Where the flat arrays of all experts lie in memory, how long each is, and an empty array of their dtype.

    Whoever makes one keeps the arrays alive.
    """

    addresses: Array
    length: int
    kind: Array


def gathered(arrays: Sequence[Array]) -> Experts:
    """Equally long contiguous arrays of one dtype."""
    # `array.ctypes.data` is the same number, but makes an object for it.
    addresses = numpy.array([array.__array_interface__["data"][0] for array in arrays], numpy.uint64)
    return Experts(addresses, len(arrays[0]), numpy.empty(0, arrays[0].dtype))


@njit(nogil=True, cache=True, inline="always")
def part_of(experts: Any, model: int, start: int, stop: int) -> Array:
    """Entries start … stop-1 of one expert, fewer at its end."""
    whole = array_at(experts.addresses[model], experts.length, experts.kind)
    return whole[start:stop]
