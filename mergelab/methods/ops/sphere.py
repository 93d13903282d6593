"""Arcs and mean directions on a sphere around zero or the base, as weights of the experts."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mergelab.linalg import folded_sum, inner
from mergelab.linalg.angles import sin
from mergelab.methods.knobs import Choice
from mergelab.methods.ops.reason import Reason
from mergelab.methods.ops.vectors import WHOLE, spread

WEIGHTS, DELTAS = "weights", "deltas"
OF = Choice(
    (WEIGHTS, DELTAS),
    "Interpolate the directions of the models' weights, or of the experts' changes (which need a base)",
)
CANCELLED = 1e-6
"""A sum below this fraction of its terms' magnitudes counts as 0: decimal weights cancel no more exactly."""


def seen(models: Tensor, base: Tensor | None, of: str) -> Tensor:
    """The vectors to interpolate, (n_models, *shape): the models, or their deltas from the base."""
    if of == WEIGHTS:
        return models
    if base is None:
        raise ValueError("deltas need a base: name the model that the experts were fine-tuned from, or set of: weights")
    return models - base


def put_back(merged: Tensor, base: Tensor | None, of: str) -> Tensor:
    """The merged weights, given the merged result of `seen`; entries with a delta of 0 keep the base bit for bit."""
    return merged if of == WEIGHTS or base is None else torch.where(merged == 0, base, base + merged)


def fractions(weights: Tensor, say: Callable[[str], None]) -> Tensor:
    """`weights` (n_models,) divided by their sum, float64 on the CPU.

    Weights that sum to 0 are replaced by equal ones, with a sentence in the log.
    """
    weights = weights.double().cpu()
    total = folded_sum(weights)
    if total.abs() <= CANCELLED * weights.abs().sum():
        say("the weights sum to 0, so all experts get the same weight")
        return torch.full_like(weights, 1 / len(weights))
    return weights / total


def arc(angle: Tensor, t: float) -> tuple[Tensor, Tensor]:
    """The weights of both ends at fraction `t` of the arc between vectors at `angle`, which must not be 0 or π."""
    return sin((1 - t) * angle) / sin(angle), sin(t * angle) / sin(angle)


def mean_direction(cosines: Tensor, weights: Tensor) -> Tensor | None:
    """Weights of the experts' unit vectors that give the unit vector along their weighted sum; None if they cancel.

    `cosines` is (n_models, n_models), with a diagonal entry of 0 for a zero vector; `weights` is (n_models,); both float64.
    """
    squared = float(inner(inner(cosines, weights), weights))
    if squared <= (CANCELLED * float(weights.abs().sum())) ** 2:
        return None
    return weights / math.sqrt(squared)


def at_length(direction: Tensor, norms: Tensor, length: Tensor) -> Tensor:
    """Weights of the experts, given the weights of their unit vectors and the norm of the result."""
    return torch.where(norms == 0, 0.0, direction / torch.where(norms == 0, 1.0, norms)) * length


def on_an_arc(shares: Tensor, models: Tensor, of: str = WEIGHTS, along: str = WHOLE) -> Reason:
    """Why a point on an arc or sphere is where it is: each vector has one coefficient per expert, `shares` (count, n_models)."""
    coefficients = spread(shares, models.shape[1:], along)
    whole = "the whole tensor" if along == WHOLE else f"this {along.removesuffix('s')}"
    total = " They sum to {total}, which also scales the base’s part." if of == WEIGHTS else ""
    sentence = f"One coefficient per expert for {whole}, set by its angles: {{coefficients}}.{total} This weight alone sets none of them."
    figures = {"total": coefficients.sum(0)}
    return Reason((sentence,), figures=figures, coefficients=coefficients, of_deltas=of == DELTAS, step="weigh")
