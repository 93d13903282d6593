"""How kernels are started: in blocks of entries, every float operation rounded as it stands."""

from __future__ import annotations

from threading import Lock
from typing import Any

import triton
from triton import language as tl

BLOCK = 1024
"""Entries of one program: each thread of four warps reads 16 bytes of half-precision numbers at once."""
WARPS = 4
EXACT = {"enable_fp_fusion": False, "enable_reflect_ftz": False}
"""A product and a sum are rounded one after the other, and subnormals stay: the reference functions' bits."""
_one_at_a_time = Lock()
"""Compiling is no work for two threads, and Triton's interpreter has but one state."""


def launch(kernel: Any, count: int, *arguments: Any, models: int = 1, parts: int = 1, **constants: Any) -> None:
    """Start a kernel over `count` entries, for each of so many models apart; returns before it is done.

    Each program takes a block, or one of its `parts`: one that works out much for each entry has too few registers
    for a whole block.
    """
    if count:
        size = BLOCK // parts
        with _one_at_a_time:
            grid = (triton.cdiv(count, size), models)
            kernel[grid](*arguments, **constants, BLOCK=size, num_warps=WARPS, **EXACT)


@triton.jit
def block(count, BLOCK: tl.constexpr):  # noqa: N803
    """This program's first entry (int64), all of its entries, and which of them lie before `count`."""
    first = tl.program_id(0).to(tl.int64) * BLOCK
    places = first + tl.arange(0, BLOCK)
    return first, places, places < count
