"""Any number of experts' arrays as one argument: a tuple of arrays would be compiled anew for every number of experts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy
from numba import njit, types
from numba.extending import intrinsic

from mergelab.kernels.floats import Array


class Experts(NamedTuple):
    """Where the flat arrays of all experts lie in memory, how long each is, and an empty array of their dtype.

    Whoever makes one keeps the arrays alive.
    """

    addresses: Array
    length: int
    kind: Array


def gathered(arrays: Sequence[Array]) -> Experts:
    """Equally long contiguous arrays of one dtype."""
    addresses = numpy.array([array.ctypes.data for array in arrays], numpy.uint64)
    return Experts(addresses, len(arrays[0]), numpy.empty(0, arrays[0].dtype))


@intrinsic
def _pointer(typing: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(address), generate


@njit(nogil=True, cache=True)
def part_of(experts: Any, model: int, start: int, stop: int) -> Array:
    """Entries start … stop-1 of one expert, fewer at its end."""
    whole = numba.carray(_pointer(experts.addresses[model]), experts.length, experts.kind.dtype)
    return whole[start:stop]
