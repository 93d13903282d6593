"""The overlap of the leading singular directions of several deltas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mergelab.analysis.static.spectra.spectrum import Spectrum


def overlap(first: Tensor, second: Tensor) -> float:
    """The mean squared cosine of the principal angles between the spans of two orthonormal sets (n, k): ‖AᵀB‖² / k.

    1 for equal subspaces, 0 for orthogonal ones, k / n on average for random ones. If the sets differ in size, only the
    first vectors of the larger one count; NaN if one is empty. The square root is MergeLens' `tsv_interference` (of right
    vectors).
    """
    count = min(first.shape[1], second.shape[1])
    if not count:
        return math.nan
    return float((first[:, :count].T @ second[:, :count]).double().square().sum()) / count


def task_interference(spectra: Sequence[Spectrum]) -> float:
    """Singular task interference, ‖(UᵀU − I) Σ (VᵀV − I)‖₁, of the concatenated leading triplets of all deltas.

    The 1-norm is the sum of all magnitudes. The value is 0 if directions of different experts are orthogonal, and grows
    with the deltas themselves (Gargiulo et al. 2025, arXiv:2412.00081, section 3.2). NaN if no delta has a direction.
    """
    left, right = (torch.cat([getattr(each, side) for each in spectra], 1).double() for side in ("left", "right"))
    if not left.shape[1]:
        return math.nan
    values = torch.cat([each.values[: each.top] for each in spectra]).to(left)
    own = torch.eye(left.shape[1], dtype=left.dtype, device=left.device)
    return float((((left.T @ left - own) * values) @ (right.T @ right - own)).abs().sum())
