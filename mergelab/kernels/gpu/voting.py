"""The votes of one expert's delta for the sign of each entry, in Triton."""

from __future__ import annotations

import triton
from triton import language as tl

# ruff: noqa: N803


@triton.jit
def vote(values, weight, WEIGH_VOTES: tl.constexpr, BY_COUNT: tl.constexpr):
    """The votes of trimmed values: themselves or their signs."""
    if WEIGH_VOTES:
        values = values * weight
    if BY_COUNT:
        values = sign(values)
    return values


@triton.jit
def sign(values):
    """-1, 0 or 1, float32."""
    return (values > 0).to(tl.float32) - (values < 0).to(tl.float32)
