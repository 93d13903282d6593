"""Spherical interpolation between two experts by weight, per tensor, row or column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.linalg.angles import arccos, sin
from mergelab.methods.knobs import ANY, Choice, PerModel
from mergelab.methods.ops.reason import Reason
from mergelab.methods.ops.sphere import OF, arc, fractions, on_an_arc, put_back, seen
from mergelab.methods.ops.vectors import ALONG, as_tensor, as_vectors, cosines, inner_products, lengths, weighted_sum
from mergelab.methods.registry import Base, Log, method, silent

STRAIGHT = 1e-4
"""Below this sine of the angle, the arc is a line within float32 precision or, for opposite vectors, undefined."""


def place_between(models: Tensor, *, weights: Tensor, of: str, along: str, zero: str, base: Tensor | None) -> Reason:
    """One pair of coefficients for each vector."""
    products = inner_products(as_vectors(seen(models, base, of), along))
    return on_an_arc(_shares(products, _part(weights, silent), zero, silent), models, of, along)


@method(
    "NuSLERP", space="weights", paper="mergekit, Goddard et al. 2024, arXiv:2403.13257", models=2, why=place_between
)
def nuslerp(
    models: Tensor,
    *,
    weights: A[
        Tensor, PerModel(-10.0, 10.0, 0.1, "Weight of this expert; only the ratio between the two matters", valid=ANY)
    ],
    of: A[str, OF] = "weights",
    along: A[str, ALONG] = "tensor",
    zero: A[
        str,
        Choice(
            ("linear", "orthogonal"),
            "If one vector is zero and has no direction: interpolate linearly, or assume a right angle (mergekit)",
        ),
    ] = "linear",
    base: A[Tensor | None, Base()] = None,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Interpolate between two experts along an arc, to the point set by the ratio of their weights.

    `models` is (2, *shape) in float32; returns (*shape). The position on the arc is the second weight divided by the sum
    of both. A negative weight extrapolates beyond an end; weights that sum to 0 give the midpoint. Nearly parallel,
    opposite or zero vectors are interpolated linearly. Each of these cases logs a sentence. Without a base, `of` must
    be weights.
    """
    stack = seen(models, base, of)
    vectors = as_vectors(stack, along)
    shares = _shares(inner_products(vectors), _part(weights, say), zero, say)
    return put_back(as_tensor(weighted_sum(vectors, shares), stack.shape[1:], along), base, of)


def _part(weights: Tensor, say: Callable[[str], None]) -> float:
    part = float(fractions(weights, say)[1])
    if not 0 <= part <= 1:
        say("one weight is negative, so the result lies beyond an end of the arc")
    return part


def _shares(products: Tensor, part: float, zero: str, say: Callable[[str], None]) -> Tensor:
    """The weights of both experts for each vector, float64 (count, 2)."""
    norms, cosine = lengths(products), cosines(products)[:, 0, 1]
    angle = arccos(cosine)
    straight = sin(angle) < STRAIGHT
    if zero == "linear":
        straight |= (norms == 0).any(1)
    _remark(straight & norms.any(1), cosine, say)
    near, far = arc(torch.where(straight, 1.0, angle), part)
    return torch.stack([torch.where(straight, 1 - part, near), torch.where(straight, part, far)], 1)


def _remark(straight: Tensor, cosine: Tensor, say: Callable[[str], None]) -> None:
    if len(straight) == 1 and straight:
        say(f"interpolated linearly: the two are nearly parallel, opposite or zero (cosine {float(cosine):.5f})")
    elif straight.any():
        say(
            f"interpolated {int(straight.sum())} of {len(straight)} vectors linearly: nearly parallel, opposite or zero"
        )
