"""Large tensors in memory of their own, which goes back to the system as soon as they are gone."""

from __future__ import annotations

import mmap
from contextlib import suppress
from math import prod

import torch
from torch import Tensor

OWN_FROM = 1 << 20
"""Bytes from which a tensor is worth a mapping."""


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """`torch.empty` on the CPU, from a mebibyte on in a mapping of its own, with huge pages where the system has them.

    The allocator's heaps, one for each thread, keep what was freed, and grow whenever a block does not fit into the hole
    of an earlier one: peaks would be a multiple of what is in use. Huge pages are several times faster to touch first.
    """
    nbytes = prod(shape) * dtype.itemsize
    if nbytes < OWN_FROM or not hasattr(mmap, "MAP_PRIVATE"):
        return torch.empty(shape, dtype=dtype)
    block = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system without them
            block.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(block, dtype=dtype).reshape(shape)
