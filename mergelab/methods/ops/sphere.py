"""Arcs and mean directions on a sphere around zero or around the base, as shares of the experts."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mergelab.linalg import folded_sum, inner
from mergelab.methods.knobs import Choice

WEIGHTS, DELTAS = "weights", "deltas"
OF = Choice(
    (WEIGHTS, DELTAS), "Directions of the weights themselves, or of the deltas as seen from the base (needs a base)"
)
CANCELLED = 1e-6
"""A sum smaller than this part of its terms is 0: decimal weights and float32 vectors cancel no better."""


def seen(models: Tensor, base: Tensor | None, of: str) -> Tensor:
    """The vectors that a method turns, (n_models, *shape): the models, or what they add to the base."""
    if of == WEIGHTS:
        return models
    if base is None:
        raise ValueError("deltas need a base: name the model that the experts were fine-tuned from, or set of: weights")
    return models - base


def put_back(merged: Tensor, base: Tensor | None, of: str) -> Tensor:
    """The merged weights, given what `seen` became; where nothing is added the base stays bit for bit."""
    return merged if of == WEIGHTS or base is None else torch.where(merged == 0, base, base + merged)


def fractions(weights: Tensor, say: Callable[[str], None]) -> Tensor:
    """`weights` (n_models,) divided by their sum, float64 on the CPU; where they sum to 0 all count the same, which is said."""
    weights = weights.double().cpu()
    total = folded_sum(weights)
    if total.abs() <= CANCELLED * weights.abs().sum():
        say("the weights sum to 0, so that all experts count the same")
        return torch.full_like(weights, 1 / len(weights))
    return weights / total


def arc(angle: Tensor, t: float) -> tuple[Tensor, Tensor]:
    """The shares of both ends at the part `t` of the arc between vectors that enclose `angle`, not 0 or π."""
    return ((1 - t) * angle).sin() / angle.sin(), (t * angle).sin() / angle.sin()


def mean_direction(cosines: Tensor, weights: Tensor) -> Tensor | None:
    """Shares of the experts' unit vectors that make up the unit vector along their weighted sum, or None if they cancel.

    `cosines` is (n_models, n_models) with 0 on the diagonal of a zero vector, `weights` (n_models,), both float64.
    """
    squared = float(inner(inner(cosines, weights), weights))
    if squared <= (CANCELLED * float(weights.abs().sum())) ** 2:
        return None
    return weights / math.sqrt(squared)


def at_length(direction: Tensor, norms: Tensor, length: Tensor) -> Tensor:
    """Shares of the experts, given shares of their unit vectors and the length that the result shall have."""
    return torch.where(norms == 0, 0.0, direction / torch.where(norms == 0, 1.0, norms)) * length
