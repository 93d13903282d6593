"""Stored numbers to float32 and back, in Triton.

Bfloat16 is converted bit by bit, because Triton's interpreter rounds it towards zero and flushes its subnormals.
"""

from __future__ import annotations

import triton
from triton import language as tl

# ruff: noqa: N803

ALIGNED = 16
"""Alignment of every expert's array in bytes."""
_ALIGNED = tl.constexpr(ALIGNED)


@triton.jit
def array_at(address, FORMAT: tl.constexpr):
    """The array of a format at an address (int64)."""
    return tl.multiple_of(address.to(tl.pointer_type(FORMAT)), _ALIGNED)


@triton.jit
def load(stored, places, inside):
    """The numbers at `places` as float32, 0 where they are not `inside`."""
    return _widened(tl.load(stored + places, mask=inside, other=0.0), stored.dtype.element_ty)


@triton.jit
def store(values, stored, places, inside):
    """Write float32 values, rounded to nearest even; returns where one of them became NaN or infinite."""
    rounded = _rounded(values, stored.dtype.element_ty)
    tl.store(stored + places, rounded, mask=inside)
    return not_finite(_widened(rounded, stored.dtype.element_ty)) & inside


@triton.jit
def _widened(numbers, FORMAT: tl.constexpr):
    if FORMAT == tl.bfloat16:  # noqa: SIM300
        bits = numbers.to(tl.uint16, bitcast=True).to(tl.uint32)
        return (bits << 16).to(tl.float32, bitcast=True)
    else:  # noqa: RET505 - decided when it is compiled
        return numbers.to(tl.float32)


@triton.jit
def _rounded(values, FORMAT: tl.constexpr):
    if FORMAT == tl.bfloat16:  # noqa: SIM300
        bits = values.to(tl.uint32, bitcast=True)
        upper = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
        return upper.to(tl.uint16).to(tl.bfloat16, bitcast=True)
    else:  # noqa: RET505 - decided when it is compiled
        return values.to(FORMAT)


@triton.jit
def not_finite(values):
    """Where float32 values are NaN or infinite."""
    return (values.to(tl.uint32, bitcast=True) & 0x7FFFFFFF) >= 0x7F800000


@triton.jit
def note(flag, found):
    """Set a flag (int32) if `found` is true anywhere in the block; all programs write the same value."""
    tl.store(flag, 1, mask=tl.max(found.to(tl.int32), 0) > 0)
