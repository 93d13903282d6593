"""Spherical interpolation between two experts by their weights, of tensors, rows or columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import ANY, Choice, PerModel
from mergelab.methods.ops.sphere import OF, arc, fractions, put_back, seen
from mergelab.methods.ops.vectors import ALONG, as_tensor, as_vectors, cosines, inner_products, lengths, weighted_sum
from mergelab.methods.registry import Base, Log, method, silent

STRAIGHT = 1e-4
"""Below this sine of the angle the arc is a line within float32, or, between opposite vectors, has no direction."""


@method("NuSLERP", space="weights", paper="mergekit, Goddard et al. 2024, arXiv:2403.13257", models=2)
def nuslerp(
    models: Tensor,
    *,
    weights: A[
        Tensor, PerModel(-10.0, 10.0, 0.1, "Pull of this expert; only the ratio between the two matters", valid=ANY)
    ],
    of: A[str, OF] = "weights",
    along: A[str, ALONG] = "tensor",
    zero: A[
        str,
        Choice(
            ("linear", "orthogonal"),
            "A zero vector has no direction: interpolate linearly, or treat it as at a right angle to the other (mergekit)",
        ),
    ] = "linear",
    base: A[Tensor | None, Base()] = None,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Walk the arc between two experts to where their weights balance.

    `models` is (2, *shape) in float32; returns (*shape). The part of the way is the second weight over the sum of both;
    a negative weight walks beyond an end, weights that sum to 0 stop half way. Nearly parallel, opposite or zero vectors
    are interpolated linearly. Each of these is said. Without a base, `of` has to stay at weights.
    """
    stack = seen(models, base, of)
    vectors = as_vectors(stack, along)
    shares = _shares(inner_products(vectors), _part(weights, say), zero, say)
    return put_back(as_tensor(weighted_sum(vectors, shares), stack.shape[1:], along), base, of)


def _part(weights: Tensor, say: Callable[[str], None]) -> float:
    part = float(fractions(weights, say)[1])
    if not 0 <= part <= 1:
        say("a weight is negative, so that the walk goes on beyond an end of the arc")
    return part


def _shares(products: Tensor, part: float, zero: str, say: Callable[[str], None]) -> Tensor:
    """float64 (count, 2)."""
    norms, cosine = lengths(products), cosines(products)[:, 0, 1]
    angle = cosine.arccos()
    straight = angle.sin() < STRAIGHT
    if zero == "linear":
        straight |= (norms == 0).any(1)
    _remark(straight & norms.any(1), cosine, say)
    near, far = arc(torch.where(straight, 1.0, angle), part)
    return torch.stack([torch.where(straight, 1 - part, near), torch.where(straight, part, far)], 1)


def _remark(straight: Tensor, cosine: Tensor, say: Callable[[str], None]) -> None:
    if len(straight) == 1 and straight:
        say(f"interpolated linearly, the two are nearly parallel, opposite or zero (cosine {float(cosine):.5f})")
    elif straight.any():
        say(
            f"{int(straight.sum())} of {len(straight)} vectors interpolated linearly, nearly parallel, opposite or zero"
        )
