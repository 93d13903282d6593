"""Memory for large tensors that is returned to the system as soon as they are freed."""

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
"""Smallest tensor, in bytes, that gets its own memory mapping."""
HUGE = 2 << 20
"""Size of a huge page in bytes."""


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """`torch.empty` on the CPU; from 1 MiB on, the tensor has its own memory mapping, with huge pages if available.

    The allocator's per-thread heaps would keep freed memory, and would grow whenever a block does not fit into an earlier
    gap: peak memory would be a multiple of what is in use. The first access to huge pages is several times faster.
    """
    nbytes = prod(shape) * dtype.itemsize
    if not _is_worth_a_mapping(nbytes):
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(_mapping(nbytes), dtype=dtype, count=prod(shape)).reshape(shape)


class Pool:
    """Reuses the memory of freed tensors for new ones of the same size: new pages cost more than filling them."""

    def __init__(self) -> None:
        self._free: defaultdict[int, list[mmap.mmap]] = defaultdict(list)

    def empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Like `empty`, but reuses the memory of an earlier tensor once neither it nor a view of it exists."""
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
        with suppress(OSError):  # a system without huge pages
            block.madvise(mmap.MADV_HUGEPAGE)
    return block


def _in_huge_pages(nbytes: int) -> int:
    """`nbytes` rounded up to whole huge pages, or unchanged if that would waste an eighth or more.

    The system aligns a mapping to huge pages only if its size is a multiple of them.
    """
    whole = -(-nbytes // HUGE) * HUGE
    return whole if whole - nbytes < nbytes // 8 else nbytes
