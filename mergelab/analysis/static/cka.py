"""Linear centred kernel alignment of two models' features."""

from __future__ import annotations

import math

from torch import Tensor


def linear_cka(first: Tensor, second: Tensor) -> float:
    """‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) of `first` (rows, p) and `second` (rows, q), the same rows, columns centred, in float64.

    Between 0 and 1; 1 up to rotation and one scale. It is biased upwards where there are fewer rows than features. NaN
    where one does not vary (Kornblith et al. 2019, arXiv:1905.00414).
    """
    x, y = (_centred(each) for each in (first, second))
    norms = float((x.T @ x).norm()) * float((y.T @ y).norm())
    return float((y.T @ x).square().sum()) / norms if norms else math.nan


def _centred(features: Tensor) -> Tensor:
    exact = features.double()
    return exact - exact.mean(0)
