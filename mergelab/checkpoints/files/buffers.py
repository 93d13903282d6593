"""Large tensors in memory of their own, which goes back to the system as soon as they are gone."""

from __future__ import annotations

import mmap
from collections import defaultdict
from contextlib import suppress
from math import prod
from weakref import finalize

import numpy
import torch
from torch import Tensor

OWN_FROM = 1 << 20
"""Bytes from which a tensor is worth a mapping."""
HUGE = 2 << 20
"""Bytes of a huge page."""


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """`torch.empty` on the CPU, from a mebibyte on in a mapping of its own, with huge pages where the system has them.

    The allocator's heaps, one for each thread, keep what was freed, and grow whenever a block does not fit into the hole
    of an earlier one: peaks would be a multiple of what is in use. Huge pages are several times faster to touch first.
    """
    nbytes = prod(shape) * dtype.itemsize
    if not _is_worth_a_mapping(nbytes):
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(_mapping(nbytes), dtype=dtype, count=prod(shape)).reshape(shape)


class Pool:
    """Memory of tensors that are gone, for the next ones of the same size: fresh pages cost more than filling them."""

    def __init__(self) -> None:
        self._free: defaultdict[int, list[mmap.mmap]] = defaultdict(list)

    def empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Like `empty`, in the memory of an earlier tensor if nothing looks at it any more, views included."""
        nbytes = prod(shape) * dtype.itemsize
        if not _is_worth_a_mapping(nbytes):
            return torch.empty(shape, dtype=dtype)
        free = self._free[nbytes]
        block = free.pop() if free else _mapping(nbytes)
        array = numpy.frombuffer(block, numpy.uint8, nbytes)  # lives as long as the tensor's storage
        finalize(array, free.append, block).atexit = False
        return torch.from_numpy(array).view(dtype).reshape(shape)


def _is_worth_a_mapping(nbytes: int) -> bool:
    return nbytes >= OWN_FROM and hasattr(mmap, "MAP_PRIVATE")


def _mapping(nbytes: int) -> mmap.mmap:
    block = mmap.mmap(-1, _in_huge_pages(nbytes), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system without them
            block.madvise(mmap.MADV_HUGEPAGE)
    return block


def _in_huge_pages(nbytes: int) -> int:
    """The whole number of huge pages that hold so many bytes, without which the system puts a mapping anywhere; the bytes
    themselves where an eighth or more would be wasted."""
    whole = -(-nbytes // HUGE) * HUGE
    return whole if whole - nbytes < nbytes // 8 else nbytes
