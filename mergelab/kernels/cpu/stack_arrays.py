"""Arrays on the stack, for functions without reference counting.

Otherwise each slice in a block loop costs an atomic reference-count increment and decrement, a good part of a merge's time.
Numba's own sorting is compiled with the same option.
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
"""Bytes per vector access; loops over arrays that start at a multiple of them are faster."""

UNCOUNTED = {
    "nogil": True,
    "cache": True,
    "_nrt": False,
    "error_model": "numpy",  # a check of each divisor would keep loops from vector units
    "forceinline": False,  # else what an inlined function calls is inlined too
    "no_cfunc_wrapper": True,  # only Python and other kernels call them
}
"""Options of `njit` for a function that makes no arrays other than by `stack_empty` and returns none."""
uncounted = njit(**UNCOUNTED)
inlined = njit(**{**UNCOUNTED, "forceinline": True})
"""For a function that is always part of its callers. LLVM inlines it: with `inline="always"` numba would analyse it again at
every use."""


@intrinsic
def stack_empty(typing: Any, shape: Any, kind: Any) -> Any:
    """Like `numpy.empty`, for small arrays that live until the calling function returns. Do not call it in a loop."""
    made = types.Array(kind.dtype, len(shape), "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lengths = cgutils.unpack_tuple(builder, arguments[0])
        place = builder.alloca(context.get_data_type(kind.dtype), size=reduce(builder.mul, lengths))
        place.align = LINE
        return _array(context, builder, made, place, lengths)

    return made(shape, kind), generate


@intrinsic
def array_at(typing: Any, address: Any, length: Any, like: Any) -> Any:
    """The numbers from an address on, with the dtype of the array `like`, or with `like` as dtype; the caller keeps them alive."""
    made = types.Array(like.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = context.get_data_type(like.dtype)
        place = builder.inttoptr(arguments[0], number.as_pointer())
        return _array(context, builder, made, place, [arguments[1]])

    return made(types.uintp, types.intp, like), generate


def _array(context: Any, builder: Any, made: Any, place: Any, lengths: Sequence[Any]) -> Any:
    """An array of the type `made` over the numbers at `place`, without a reference count."""
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(made.dtype)))
    strides = list(accumulate(reversed(lengths[1:]), builder.mul, initial=size))[::-1]
    array = context.make_array(made)(context, builder)
    populate_array(array, data=place, shape=lengths, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()
