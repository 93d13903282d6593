"""The probe: the optimum of a ridge-regularised multinomial regression, with the penalty that held-out rows prefer."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mergelab.evaluation.kinds.probing.logistic_regression import RIDGES, LinearProbe, _fit, _flat, fitted_probe


def blobs(rows: int, apart: float, classes: int = 3) -> tuple[Tensor, Tensor]:
    """Rows of two features around one centre per class, the classes in turn."""
    noise = torch.randn(rows, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(rows) % classes
    angles = labels.double() * 2 * torch.pi / classes
    return apart * torch.stack([angles.cos(), angles.sin()], 1) + noise, labels


def gradient(probe: LinearProbe, features: Tensor, labels: Tensor, ridge: float) -> Tensor:
    """Of the objective, by the formula: (p − y) xᵀ / n + ridge · weight."""
    wrong = probe.logits(features).softmax(1) - torch.nn.functional.one_hot(labels, len(probe.bias))
    scaled = (features - probe.centre) / probe.spread
    return torch.cat([(wrong.T @ scaled / len(labels) + ridge * probe.weight).flatten(), wrong.mean(0)])


@pytest.mark.parametrize("ridge", RIDGES)
def test_a_fit_ends_where_the_gradient_vanishes(ridge: float) -> None:
    features, labels = blobs(60, apart=2.0)
    probe = _fit(_flat(features, 3), features, labels, ridge)
    assert float(gradient(probe, features, labels, ridge).abs().max()) < 1e-6


def test_classes_that_lie_apart_are_told_apart_on_rows_that_it_has_not_seen() -> None:
    features, labels = blobs(120, apart=4.0)
    probe = fitted_probe(features[:60], labels[:60], 3)
    assert float((probe.logits(features[60:]).argmax(1) == labels[60:]).double().mean()) > 0.95


def test_labels_without_a_pattern_get_the_strongest_penalty() -> None:
    features, labels = blobs(64, apart=0.0)
    strongest = _fit(_flat(features, 3), features, labels, max(RIDGES))
    assert torch.allclose(fitted_probe(features, labels, 3).weight, strongest.weight, atol=1e-6)


def test_a_feature_that_never_varies_counts_for_nothing() -> None:
    features, labels = blobs(60, apart=2.0)
    probe = fitted_probe(torch.cat([features, torch.full((60, 1), 7.0, dtype=torch.float64)], 1), labels, 3)
    assert probe.spread[2] == 1 and float(probe.weight[:, 2].abs().max()) < 1e-6


def test_the_same_rows_give_the_same_probe() -> None:
    features, labels = blobs(60, apart=2.0)
    one, other = (fitted_probe(features, labels, 3) for _ in range(2))
    assert torch.equal(one.weight, other.weight) and torch.equal(one.bias, other.bias)
