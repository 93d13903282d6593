"""Stored numbers to float32 and back, block by block: bfloat16 (as uint16), float16 (as int16) and float32 arrays."""

from __future__ import annotations

from typing import Any

import numpy
import torch
from numba import types
from numba.extending import overload
from torch import Tensor

VIEWS = {torch.bfloat16: torch.uint16, torch.float16: torch.int16, torch.float32: torch.float32}
"""How a tensor of each dtype is handed to numba, which knows neither half-precision format."""

Array = numpy.ndarray[Any, Any]


def as_array(tensor: Tensor) -> Array:
    """The flat numbers of a contiguous tensor, as the kernels read them; no copy."""
    array: Array = tensor.reshape(-1).view(VIEWS[tensor.dtype]).numpy()
    return array


def load(stored: Array, values: Array) -> None:  # pragma: no cover - replaced by the overload below
    """Write `stored` to `values` (float32, as long or longer) as float32."""


def store(values: Array, stored: Array) -> int:  # pragma: no cover - replaced by the overload below
    """Write float32 `values` to `stored`, rounded to nearest even; 1 if one of them became NaN or infinite, else 0."""


def load_difference(stored: Array, base: Array, values: Array) -> int:  # pragma: no cover - replaced below
    """Write `stored - base` to `values`, both as float32, and return the largest magnitude's bits as uint32."""


@overload(load)
def _load(stored: Any, values: Any) -> Any:
    if stored.dtype == types.uint16:

        def from_bfloat16(stored: Any, values: Any) -> None:
            bits = values.view(numpy.uint32)
            for i in range(len(stored)):
                bits[i] = numpy.uint32(numpy.uint32(stored[i]) << numpy.uint32(16))

        return from_bfloat16
    if stored.dtype == types.int16:

        def from_float16(stored: Any, values: Any) -> None:
            bits = values.view(numpy.uint32)
            for i in range(len(stored)):
                bits[i] = (numpy.uint32(stored[i]) & numpy.uint32(0x7FFF)) << numpy.uint32(13)
            for i in range(len(stored)):  # exact for subnormals too; leaves infinity and NaN finite but huge
                values[i] *= numpy.float32(2.0**112)
            for i in range(len(stored)):
                magnitude = numpy.uint32(stored[i]) & numpy.uint32(0x7FFF)
                special = numpy.uint32(numpy.uint32(0x7F800000) * numpy.uint32(magnitude >= numpy.uint32(0x7C00)))
                bits[i] |= special | ((numpy.uint32(stored[i]) & numpy.uint32(0x8000)) << numpy.uint32(16))

        return from_float16

    def from_float32(stored: Any, values: Any) -> None:
        for i in range(len(stored)):
            values[i] = stored[i]

    return from_float32


@overload(load_difference)
def _load_difference(stored: Any, base: Any, values: Any) -> Any:
    if stored.dtype == types.uint16:

        def of_bfloat16(stored: Any, base: Any, values: Any) -> int:
            bits, largest = values.view(numpy.uint32), numpy.uint32(0)
            for i in range(len(stored)):
                bits[i] = numpy.uint32(numpy.uint32(stored[i]) << numpy.uint32(16))
            for i in range(len(stored)):
                values[i] -= base[i]
            for i in range(len(stored)):
                largest = max(largest, numpy.uint32(bits[i] & numpy.uint32(0x7FFFFFFF)))
            return largest

        return of_bfloat16

    def of_others(stored: Any, base: Any, values: Any) -> int:
        bits, largest = values.view(numpy.uint32), numpy.uint32(0)
        load(stored, values)
        for i in range(len(stored)):
            values[i] -= base[i]
        for i in range(len(stored)):
            largest = max(largest, numpy.uint32(bits[i] & numpy.uint32(0x7FFFFFFF)))
        return largest

    return of_others


@overload(store)
def _store(values: Any, stored: Any) -> Any:
    if stored.dtype == types.uint16:

        def to_bfloat16(values: Any, stored: Any) -> int:
            bits, largest = values.view(numpy.uint32), numpy.uint16(0)
            for i in range(len(stored)):
                x = bits[i]
                odd = numpy.uint32(numpy.uint32(x >> numpy.uint32(16)) & numpy.uint32(1))
                rounded = numpy.uint32(x + numpy.uint32(numpy.uint32(0x7FFF) + odd))
                stored[i] = numpy.uint16(numpy.uint32(rounded >> numpy.uint32(16)))
            for i in range(len(stored)):
                largest = max(largest, numpy.uint16(stored[i] & numpy.uint16(0x7FFF)))
            return int(largest >= numpy.uint16(0x7F80))

        return to_bfloat16
    if stored.dtype == types.int16:

        def to_float16(values: Any, stored: Any) -> int:
            bits, largest = values.view(numpy.uint32), numpy.uint32(0)
            shift = numpy.uint32(0x3F000000)  # 0.5: adding it rounds a subnormal half at the right bit
            shift_as_float = numpy.float32(0.5)
            for i in range(len(stored)):
                sign = bits[i] & numpy.uint32(0x80000000)
                x = bits[i] ^ sign
                odd = (x >> numpy.uint32(13)) & numpy.uint32(1)
                normal = (x + numpy.uint32(0xC8000FFF) + odd) >> numpy.uint32(13)
                bits[i] = x
                tiny_as_float = values[i] + shift_as_float
                values[i] = tiny_as_float
                tiny = bits[i] - shift
                half = tiny if x < numpy.uint32(0x38800000) else normal
                half = numpy.uint32(0x7C00) if x >= numpy.uint32(0x47800000) else half
                largest = max(largest, half)
                stored[i] = numpy.int16(half | (sign >> numpy.uint32(16)))
            return int(largest >= numpy.uint32(0x7C00))

        return to_float16

    def to_float32(values: Any, stored: Any) -> int:
        bits, largest = values.view(numpy.uint32), numpy.uint32(0)
        for i in range(len(stored)):
            stored[i] = values[i]
            largest = max(largest, numpy.uint32(bits[i] & numpy.uint32(0x7FFFFFFF)))
        return int(largest >= numpy.uint32(0x7F800000))

    return to_float32
