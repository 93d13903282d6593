"""Starts kernels over blocks of entries, with every float operation rounded separately."""

from __future__ import annotations

from threading import Lock
from typing import Any

import triton
from triton import language as tl

BLOCK = 1024
"""Entries per program: each thread of four warps reads 16 bytes of half-precision numbers at once."""
WARPS = 4
EXACT = {"enable_fp_fusion": False, "enable_reflect_ftz": False}
"""Products and sums are rounded separately and subnormals kept, for the reference functions' bits."""
_one_at_a_time = Lock()
"""One thread compiles at a time; Triton's interpreter has global state."""


def launch(kernel: Any, count: int, *arguments: Any, models: int = 1, parts: int = 1, **constants: Any) -> None:
    """Start a kernel over `count` entries, separately for each of `models` models; returns before it is done.

    Each program takes a block, or one of its `parts`: a kernel with much work per entry has too few registers for a whole
    block.
    """
    if count:
        size = BLOCK // parts
        with _one_at_a_time:
            grid = (triton.cdiv(count, size), models)
            kernel[grid](*arguments, **constants, BLOCK=size, num_warps=WARPS, **EXACT)


@triton.jit
def block(count, BLOCK: tl.constexpr):  # noqa: N803
    """This program's first entry (int64), all its entries, and which of them lie before `count`."""
    first = tl.program_id(0).to(tl.int64) * BLOCK
    places = first + tl.arange(0, BLOCK)
    return first, places, places < count
