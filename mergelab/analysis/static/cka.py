"""Linear centred kernel alignment (CKA) between two models' features."""

from __future__ import annotations

import math

from torch import Tensor


def linear_cka(first: Tensor, second: Tensor) -> float:
    """‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) for `first` (rows, p) and `second` (rows, q) on the same rows, columns centred, in float64.

    Between 0 and 1; it is 1 for features that are equal up to rotation and one scale. It is biased upwards with fewer
    rows than features. NaN if one of them does not vary (Kornblith et al. 2019, arXiv:1905.00414).
    """
    x, y = (_centred(each) for each in (first, second))
    norms = float((x.T @ x).norm()) * float((y.T @ y).norm())
    return float((y.T @ x).square().sum()) / norms if norms else math.nan


def _centred(features: Tensor) -> Tensor:
    exact = features.double()
    return exact - exact.mean(0)
