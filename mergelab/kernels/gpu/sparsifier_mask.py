"""What a sparsifier leaves of a block of one expert's delta, in Triton."""

from __future__ import annotations

from typing import Any, NamedTuple

import triton
from triton import language as tl

from mergelab.kernels.gpu.floats import array_at, load, not_finite
from mergelab.kernels.gpu.random_bits import draw

# ruff: noqa: N803


class MaskedModels(NamedTuple):
    """The addresses of the experts' arrays on the device (int64), and a `SparsifyParams` there.

    With arrays as arguments, kernels would be compiled again for every number of experts.
    """

    addresses: Any
    thresholds: Any
    limits: Any
    keys: Any
    divisors: Any


@triton.jit
def masked_delta(
    anchor, models, model, start, first, places, inside, FORMAT: tl.constexpr, DRAWN: tl.constexpr, BLOCK: tl.constexpr
):
    """What is left of an expert's `places` minus `anchor`, and where that difference is NaN or infinite.

    `start` is where the array begins in its tensor; without `DRAWN` the limits are not looked at.
    """
    values = load(array_at(tl.load(models.addresses + model), FORMAT), places, inside) - anchor
    bad = not_finite(values)
    if DRAWN:
        key0, key1 = tl.load(models.keys + 2 * model).to(tl.uint32), tl.load(models.keys + 2 * model + 1).to(tl.uint32)
        drawn = draw(key0, key1, start + first, BLOCK)
        values = tl.where(drawn.to(tl.int64) < tl.load(models.limits + model), values, 0.0)
    values = keep(values, tl.load(models.thresholds + model))
    divisor = tl.load(models.divisors + model)
    if divisor > 0:
        values = tl.div_rn(values, divisor)
    return values, bad


@triton.jit
def keep(values, threshold):
    """The values whose magnitude reaches the threshold, 0 for the others."""
    return tl.where(tl.abs(values) >= threshold, values, 0.0)
