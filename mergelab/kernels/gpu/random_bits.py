"""The random bits of `mergelab.runtime.randomness`, in Triton."""

from __future__ import annotations

import triton
from triton import language as tl

from mergelab.runtime import randomness

# ruff: noqa: N803

LANES = tl.constexpr(randomness.LANES)
REST = tl.constexpr(randomness.REST)
PARITY = tl.constexpr(randomness.PARITY)
A0, A1, A2, A3 = map(tl.constexpr, randomness.ROTATIONS[0])
B0, B1, B2, B3 = map(tl.constexpr, randomness.ROTATIONS[1])


@triton.jit
def draw(key0, key1, start, BLOCK: tl.constexpr):
    """The draws (uint32) of the entries start … start+BLOCK-1 for a key of two words (uint32).

    `start` (int64) is a multiple of GROUP. All four halves of two words are used, so either half of the draws takes a quarter
    as many words as entries. Memory access takes longer than that here, so the lower halves are always drawn.
    """
    return (_halves(key0, key1, start, 0, BLOCK) << 16) | _halves(key0, key1, start, REST, BLOCK)


@triton.jit
def _halves(key0, key1, start, besides: tl.constexpr, BLOCK: tl.constexpr):
    counters = start // 4 + tl.arange(0, BLOCK // 4)
    a, b, c = key0, key1, key0 ^ key1 ^ PARITY
    x = counters.to(tl.uint32) + a
    y = ((counters >> 32).to(tl.uint32) | tl.full((), besides, tl.uint32)) + b
    for group in tl.static_range(5):
        if group % 2 == 0:
            x, y = _four_rounds(x, y, A0, A1, A2, A3)
        else:
            x, y = _four_rounds(x, y, B0, B1, B2, B3)
        x += b
        y += c + (group + 1)
        a, b, c = b, c, a
    return _side_by_side(
        _side_by_side(x & 0xFFFF, x >> 16, LANES), _side_by_side(y & 0xFFFF, y >> 16, LANES), 2 * LANES
    )


@triton.jit
def _side_by_side(a, b, RUN: tl.constexpr):
    """Runs of RUN entries of `a` and of `b`, alternating."""
    pair = tl.join(tl.reshape(a, (a.shape[0] // RUN, RUN)), tl.reshape(b, (b.shape[0] // RUN, RUN)))
    return tl.reshape(tl.permute(pair, (0, 2, 1)), (2 * a.shape[0],))


@triton.jit
def _four_rounds(x, y, R0: tl.constexpr, R1: tl.constexpr, R2: tl.constexpr, R3: tl.constexpr):
    x += y
    y = ((y << R0) | (y >> (32 - R0))) ^ x
    x += y
    y = ((y << R1) | (y >> (32 - R1))) ^ x
    x += y
    y = ((y << R2) | (y >> (32 - R2))) ^ x
    x += y
    y = ((y << R3) | (y >> (32 - R3))) ^ x
    return x, y
