"""Stored tensors as the arguments of compiled kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
import torch
from numba import njit
from torch import Tensor

from mergelab.kernels.cpu.floats import Array, load
from mergelab.kernels.cpu.stack_arrays import array_at, uncounted

VIEWS = {torch.bfloat16: torch.uint16, torch.float16: torch.int16, torch.float32: torch.float32}
"""The dtype by which numba sees a tensor of each dtype; it knows neither half-precision format."""


def as_array(tensor: Tensor) -> Array:
    """The flat numbers of a contiguous tensor, as the kernels read them; no copy."""
    array: Array = tensor.reshape(-1).view(VIEWS[tensor.dtype]).numpy()
    return array


BFLOAT16, FLOAT16, FLOAT32 = range(3)
FORMATS = {numpy.dtype(numpy.uint16): BFLOAT16, numpy.dtype(numpy.int16): FLOAT16, numpy.dtype(numpy.float32): FLOAT32}
"""The formats by the dtype of their arrays."""


class ExpertArrays(NamedTuple):
    """Any number of experts' flat arrays as one argument: their addresses, their length, an empty array of their dtype.

    A tuple of arrays would be compiled again for every number of experts. The arrays must outlive the kernel's call.
    """

    addresses: Array
    length: int
    kind: Array


def gathered(arrays: Sequence[Array]) -> ExpertArrays:
    """Contiguous arrays of one length and one dtype as one argument."""
    # `array.ctypes.data` is the same number, but creates an object for it.
    addresses = numpy.array([array.__array_interface__["data"][0] for array in arrays], numpy.uint64)
    return ExpertArrays(addresses, len(arrays[0]), numpy.empty(0, arrays[0].dtype))


class FormatArrays(NamedTuple):
    """Flat arrays of one length whose format is known only when a kernel runs: it is compiled once for all formats."""

    addresses: Array
    length: int
    format: int


def of_any_format(experts: ExpertArrays) -> FormatArrays:
    """The same arrays with a format in place of a dtype."""
    return FormatArrays(experts.addresses, experts.length, FORMATS[experts.kind.dtype])


@uncounted
def widen(arrays: Any, model: int, place: int, values: Array) -> None:
    """Write as many entries of `FormatArrays` from `place` on as `values` has (float32)."""
    address, length, stop = arrays.addresses[model], arrays.length, place + len(values)
    if arrays.format == BFLOAT16:
        load(array_at(address, length, numpy.uint16)[place:stop], values)
    elif arrays.format == FLOAT16:
        load(array_at(address, length, numpy.int16)[place:stop], values)
    else:
        load(array_at(address, length, numpy.float32)[place:stop], values)


@njit(nogil=True, cache=True, inline="always")  # an array that is not an argument can only be returned so
def part_of(experts: Any, model: int, start: int, stop: int) -> Array:
    """Entries start … stop-1 of one expert; fewer at the end of the array."""
    whole = array_at(experts.addresses[model], experts.length, experts.kind)
    return whole[start:stop]
