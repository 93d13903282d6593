"""Stored numbers to float32 and back: bfloat16 (as uint16), float16 (as int16) and float32 arrays."""

from __future__ import annotations

from typing import Any

import numpy
from numba import njit, types
from numba.extending import overload

from mergelab.kernels.cpu.intrinsics import bits_of, float_of, magnitude

INFINITE = numpy.uint32(0x7F800000)
"""Magnitudes from here on are infinite or NaN."""

Array = numpy.ndarray[Any, Any]


def widened(stored: Any) -> float:  # pragma: no cover - replaced by the overload below
    """A stored number as float32, exactly."""
    raise NotImplementedError


def rounded(value: float, target: Array) -> Any:  # pragma: no cover - replaced by the overload below
    """A float32 as `target` stores numbers, rounded to nearest even."""
    raise NotImplementedError


@overload(widened)
def _widened(stored: Any) -> Any:
    if stored == types.uint16:

        def of_bfloat16(stored: Any) -> Any:
            return float_of(numpy.uint32(numpy.uint32(stored) << numpy.uint32(16)))

        return of_bfloat16
    if stored == types.int16:

        def of_float16(stored: Any) -> Any:
            return _from_float16(numpy.uint32(numpy.uint16(stored)))

        return of_float16

    def of_float32(stored: Any) -> Any:
        return stored

    return of_float32


@overload(rounded)
def _rounded(value: Any, target: Any) -> Any:
    if target.dtype == types.uint16:

        def to_bfloat16(value: Any, target: Any) -> Any:
            return _to_bfloat16(bits_of(value))

        return to_bfloat16
    if target.dtype == types.int16:

        def to_float16(value: Any, target: Any) -> Any:
            return _to_float16(bits_of(value))

        return to_float16

    def to_float32(value: Any, target: Any) -> Any:
        return value

    return to_float32


@njit(nogil=True, cache=True)
def _from_float16(half: int) -> float:
    unsigned = numpy.uint32(half & numpy.uint32(0x7FFF))
    # Exact for subnormals too; leaves infinity and NaN finite but huge.
    shifted = float_of(numpy.uint32(unsigned << numpy.uint32(13))) * numpy.float32(2.0**112)
    special = INFINITE if unsigned >= numpy.uint32(0x7C00) else numpy.uint32(0)
    sign = numpy.uint32((half & numpy.uint32(0x8000)) << numpy.uint32(16))
    return float_of(numpy.uint32(bits_of(shifted) | special | sign))


@njit(nogil=True, cache=True)
def _to_bfloat16(bits: int) -> int:
    odd = numpy.uint32(numpy.uint32(bits >> numpy.uint32(16)) & numpy.uint32(1))
    nearest = numpy.uint32(bits + numpy.uint32(numpy.uint32(0x7FFF) + odd))
    return numpy.uint16(numpy.uint32(nearest >> numpy.uint32(16)))


@njit(nogil=True, cache=True)
def _to_float16(bits: int) -> int:
    unsigned = numpy.uint32(bits & numpy.uint32(0x7FFFFFFF))
    odd = numpy.uint32(numpy.uint32(unsigned >> numpy.uint32(13)) & numpy.uint32(1))
    normal = numpy.uint32(numpy.uint32(unsigned + numpy.uint32(numpy.uint32(0xC8000FFF) + odd)) >> numpy.uint32(13))
    # Adding 0.5 rounds what is subnormal as a half at the right bit.
    tiny = numpy.uint32(bits_of(float_of(unsigned) + numpy.float32(0.5)) - numpy.uint32(0x3F000000))
    half = tiny if unsigned < numpy.uint32(0x38800000) else normal
    half = numpy.uint32(0x7C00) if unsigned >= numpy.uint32(0x47800000) else half
    return numpy.int16(numpy.uint32(half | numpy.uint32(numpy.uint32(bits >> numpy.uint32(16)) & numpy.uint32(0x8000))))


@njit(nogil=True, cache=True)
def load(stored: Array, values: Array) -> None:
    """Write `stored` to `values` (float32, as long or longer) as float32."""
    for i in range(len(stored)):
        values[i] = widened(stored[i])


@njit(nogil=True, cache=True)
def store(values: Array, stored: Array) -> int:
    """Write float32 `values` to `stored`, rounded to nearest even; 1 if one of them became NaN or infinite, else 0."""
    largest = numpy.uint32(0)
    for i in range(len(stored)):
        stored[i] = rounded(values[i], stored)
        largest = max(largest, magnitude(widened(stored[i])))
    return int(largest >= INFINITE)
