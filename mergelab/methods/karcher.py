"""The Karcher mean of the experts: the point on the sphere with the smallest sum of squared angles to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.linalg import folded_sum, inner
from mergelab.linalg.angles import arccos, cos, sin
from mergelab.methods.knobs import FROM_0, LARGEST, PerModel, Range
from mergelab.methods.ops.reason import Reason
from mergelab.methods.ops.sphere import at_length, fractions, mean_direction, on_an_arc
from mergelab.methods.ops.vectors import as_tensor, as_vectors, cosines, inner_products, lengths, weighted_sum
from mergelab.methods.registry import Log, method, silent

SMALL = 1e-6
"""An angle with a sine below this is treated as 0, or as π, where the direction of the arc is undefined."""


def mean_along_arcs(models: Tensor, *, weights: Tensor, steps: int, tolerance: float) -> Reason:
    """One coefficient per expert for the whole tensor."""
    products = inner_products(as_vectors(models))[0].cpu()
    return on_an_arc(_shares(products, fractions(weights, silent), steps, tolerance, silent)[None], models)


@method("Karcher mean", space="weights", paper="Karcher 1977, doi:10.1002/cpa.3160300502", why=mean_along_arcs)
def karcher(
    models: Tensor,
    *,
    weights: A[
        Tensor, PerModel(0.0, 10.0, 0.1, "Weight of this expert; only the ratio between experts matters", valid=FROM_0)
    ],
    steps: A[int, Range(1, 100, 1, "Maximum number of iterations", valid=(1, 10_000))] = 10,
    tolerance: A[
        float, Range(1e-7, 1e-2, 1e-6, "Stop once a step is shorter than this, in radians", valid=(1e-12, LARGEST))
    ] = 1e-5,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Average the experts' directions along arcs instead of lines, and give the result their mean norm.

    `models` is (n_models, *shape) in float32, each treated as one flat vector; returns (*shape). The iteration starts at
    the mean direction, and each step follows the mean of the arcs to the experts. A zero tensor has no direction and
    only shortens the result. Experts whose directions cancel are averaged linearly. The engine keeps the base where all
    weights are 0. Stopping before the tolerance is met and cancelled directions log a sentence.
    """
    vectors = as_vectors(models)
    shares = _shares(inner_products(vectors)[0].cpu(), fractions(weights, say), steps, tolerance, say)
    return as_tensor(weighted_sum(vectors, shares[None]), models.shape[1:])


def _shares(products: Tensor, weights: Tensor, steps: int, tolerance: float, say: Callable[[str], None]) -> Tensor:
    norms, between = lengths(products), cosines(products)
    present = weights * (norms > 0)
    start = mean_direction(between, present)
    if start is None:
        if norms.any():
            say("averaged linearly: the directions cancel")
        return weights
    direction, step = _descend(between, present / folded_sum(present), start, steps, tolerance)
    if step >= tolerance:
        say(f"not converged after {steps} steps; the last step was {step:.0e} radians")
    return at_length(direction, norms, inner(weights, norms))


def _descend(between: Tensor, weights: Tensor, mean: Tensor, steps: int, tolerance: float) -> tuple[Tensor, float]:
    """The mean as weights of the experts' unit vectors, and the length of the last step considered."""
    step = 0.0
    for _ in range(steps):
        tangent = _towards_all(between, weights, mean)
        step = _length(between, tangent)
        if step < tolerance:
            break
        turn = torch.tensor(step, dtype=torch.float64)
        moved = cos(turn) * mean + sin(turn) / step * tangent
        mean = moved / _length(between, moved)
    return mean, step


def _towards_all(between: Tensor, weights: Tensor, mean: Tensor) -> Tensor:
    """The weighted mean of the tangent vectors from `mean` to each unit vector, each as long as its arc."""
    cosine = inner(between, mean).clamp(-1.0, 1.0)
    angle = arccos(cosine)
    sine = sin(angle)
    scales = torch.where(sine > SMALL, angle / sine, (cosine > 0).double())
    pulls = weights * scales
    tangent: Tensor = pulls - inner(pulls, cosine) * mean
    return tangent


def _length(between: Tensor, shares: Tensor) -> float:
    return math.sqrt(max(0.0, float(inner(inner(between, shares), shares))))
