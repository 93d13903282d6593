"""Multinomial logistic regression with a ridge penalty that cross-validation chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

RIDGES = (1.0, 0.1, 0.01, 0.001)
"""Penalties to choose from, the strongest first: half of each times ‖weight‖² is added to the mean cross-entropy."""
FOLDS = 4
ITERATIONS = 2000
FLAT = 1e-7
"""The largest entry of the gradient at which a fit has converged. The objective is strictly convex in the weight, so the order of
sums cannot lead to another optimum."""


@dataclass(frozen=True)
class LinearProbe:
    """Class scores `(features − centre) / spread · weightᵀ + bias`.

    `weight` is (classes, width), `bias` (classes,), `centre` and `spread` are (width,), all float64 on the CPU.
    """

    weight: Tensor
    bias: Tensor
    centre: Tensor
    spread: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """Scores (rows, classes) of features (rows, width)."""
        return (features.double() - self.centre) / self.spread @ self.weight.T + self.bias


def fitted_probe(features: Tensor, labels: Tensor, classes: int) -> LinearProbe:
    """The probe on features (rows, width) and class numbers (rows,), which must be in an order that mixes the classes.

    The penalty is that of `RIDGES` with the smallest mean cross-entropy over `FOLDS` folds, the stronger one of equals: fold k
    holds out every `FOLDS`-th row from the k-th on.
    """
    held_out = dict.fromkeys(RIDGES, 0.0)
    for fold in range(FOLDS):
        outside = torch.arange(len(labels)) % FOLDS == fold
        probe = _flat(features[~outside], classes)
        for ridge in RIDGES:
            probe = _fit(probe, features[~outside], labels[~outside], ridge)
            held_out[ridge] += _cross_entropy(probe.logits(features[outside]), labels[outside], "sum")
    best = min(RIDGES, key=lambda ridge: held_out[ridge])
    return _fit(_flat(features, classes), features, labels, best)


def _flat(features: Tensor, classes: int) -> LinearProbe:
    """The probe that holds every class equally likely, for features like these."""
    features = features.double()
    spread = features.std(0, correction=0)
    weight = torch.zeros(classes, features.shape[1], dtype=torch.float64)
    return LinearProbe(weight, weight[:, 0].clone(), features.mean(0), torch.where(spread > 0, spread, 1.0))


def _fit(start: LinearProbe, features: Tensor, labels: Tensor, ridge: float) -> LinearProbe:
    """The optimum under this penalty, found from another probe on."""
    weight, bias = (each.clone().requires_grad_() for each in (start.weight, start.bias))
    search = torch.optim.LBFGS(
        [weight, bias], max_iter=ITERATIONS, tolerance_grad=FLAT, tolerance_change=0, line_search_fn="strong_wolfe"
    )
    scaled = (features.double() - start.centre) / start.spread

    def loss() -> Tensor:
        search.zero_grad()
        found = torch.nn.functional.cross_entropy(scaled @ weight.T + bias, labels) + ridge / 2 * weight.square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    with torch.enable_grad():
        search.step(loss)  # type: ignore[no-untyped-call]
    return replace(start, weight=weight.detach(), bias=bias.detach())


def _cross_entropy(logits: Tensor, labels: Tensor, reduction: str) -> float:
    return float(torch.nn.functional.cross_entropy(logits, labels, reduction=reduction))
