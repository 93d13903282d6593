"""Linear CKA of features."""

from __future__ import annotations

import math

import pytest
import torch

from mergelab.analysis.static.cka import linear_cka

X = torch.randn(60, 7, generator=torch.Generator().manual_seed(0))


def test_rotation_scale_and_offset_do_not_matter() -> None:
    turn = torch.linalg.qr(torch.randn(7, 7, generator=torch.Generator().manual_seed(1)))[0]
    assert linear_cka(X, 3 * X @ turn + 5) == pytest.approx(1, abs=1e-6)


def test_it_is_what_centred_gram_matrices_of_the_rows_say() -> None:
    y = torch.randn(60, 4, generator=torch.Generator().manual_seed(2)) + X[:, :4]
    centre = torch.eye(60).double() - 1 / 60
    k, other = (centre @ each.double() @ each.double().T @ centre for each in (X, y))
    assert linear_cka(X, y) == pytest.approx(float((k * other).sum() / (k.norm() * other.norm())), rel=1e-9)


def test_features_that_do_not_vary_have_none() -> None:
    assert math.isnan(linear_cka(X, torch.ones(60, 3)))
