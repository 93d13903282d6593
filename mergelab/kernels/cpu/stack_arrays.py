"""Functions that count no references to arrays, and room for their blocks on the stack.

Every view that a loop over blocks takes of an array would be counted and discounted, by calls and atomic additions that
take a good part of a merge. numba's own sorting is compiled with the same option.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from typing import Any

from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

LINE = 64
"""Bytes that vectors are read and written at once; an array that starts at a multiple of them is quicker to go over."""

UNCOUNTED = {"nogil": True, "cache": True, "_nrt": False}
"""Options of `njit` for a function that makes no arrays other than by `stack_empty` and returns none."""
uncounted = njit(**UNCOUNTED)


@intrinsic
def stack_empty(typing: Any, shape: Any, kind: Any) -> Any:
    """Like `numpy.empty` for few numbers, until the calling function ends; `shape` is a tuple. Not to be called in a loop."""
    made = types.Array(kind.dtype, len(shape), "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lengths = cgutils.unpack_tuple(builder, arguments[0])
        place = builder.alloca(context.get_data_type(kind.dtype), size=reduce(builder.mul, lengths))
        place.align = LINE
        return _array(context, builder, made, place, lengths)

    return made(shape, kind), generate


@intrinsic
def array_at(typing: Any, address: Any, length: Any, like: Any) -> Any:
    """The numbers that lie from an address on, of the dtype of the array `like`; who calls keeps them alive."""
    made = types.Array(like.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = context.get_data_type(like.dtype)
        place = builder.inttoptr(arguments[0], number.as_pointer())
        return _array(context, builder, made, place, [arguments[1]])

    return made(types.uintp, types.intp, like), generate


def _array(context: Any, builder: Any, made: Any, place: Any, lengths: Sequence[Any]) -> Any:
    """An array of the type `made` over the numbers at `place`, which nobody counts references to."""
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(made.dtype)))
    strides = list(accumulate(reversed(lengths[1:]), builder.mul, initial=size))[::-1]
    array = context.make_array(made)(context, builder)
    populate_array(array, data=place, shape=lengths, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()
