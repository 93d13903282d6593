"""Singular values and leading singular vectors of a delta, from the Gram matrix of its smaller side.

A Gram matrix squares the singular values. In float32 its eigenvalues are accurate to about 1e-6 of the largest, so the
error of a singular value s is about 1e-6 s₀² / (2 s), and up to 1e-3 s₀ for values near 0. For the dense spectra of
ordinary fine-tuning the total error is negligible, at half the work. If it would reach `TOLERANCE` of the sum of all
values (for low-rank deltas, such as those of adapters), everything is computed again in float64, where the error of
values near 0 is at most 1e-7 s₀.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TOLERANCE = 1e-4
"""Maximum relative error of the sum of the singular values, by this estimate."""
ERROR = 16
"""Assumed error of an eigenvalue, in units in the last place of the largest one."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The spectrum of a matrix.

    `values` (min(rows, columns),) are float64, descending, and 0 where float32 input cannot distinguish them from 0.
    `left` (rows, k) and `right` (columns, k) are the first k orthonormal vectors, float32; fewer if the rank is below k.
    """

    values: Tensor
    left: Tensor
    right: Tensor

    @property
    def top(self) -> int:
        """The number of vectors."""
        return self.left.shape[1]


def spectrum(matrix: Tensor, top: int) -> Spectrum:
    """The spectrum of `matrix` (rows, columns), float32, with its first `top` vectors; the module states its accuracy.

    The bits are reproducible if torch uses one thread, as it does inside `in_order`.
    """
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    scale = float(matrix.abs().max()) if matrix.numel() else 0.0
    if scale == 0:
        return _empty(matrix)
    values, vectors = _decomposed((wide / scale).contiguous(), top)
    live = int((values > values[0] * max(matrix.shape) * torch.finfo(torch.float32).eps).sum())
    values[live:] = 0
    near, count = vectors[:, : min(top, live)], min(top, live)
    far = (wide.T / scale) @ near / values[:count].to(near)
    left, right = (far, near) if wide is not matrix else (near, far)
    return Spectrum(values * scale, left, right)


def singular_values(matrix: Tensor) -> Tensor:
    """The singular values, float64 (min(rows, columns),), descending, always from a Gram matrix in float64.

    Slower than `spectrum`, so meant for a single tensor.
    """
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    scale = float(matrix.abs().max()) if matrix.numel() else 0.0
    if scale == 0:
        return torch.zeros(min(matrix.shape), dtype=torch.float64)
    exact = (wide / scale).double()
    squares = torch.linalg.eigvalsh(exact @ exact.T).flip(0).clamp(min=0)
    values = squares.sqrt()
    values[values <= values[0] * max(matrix.shape) * torch.finfo(torch.float32).eps] = 0
    found: Tensor = values.cpu() * scale
    return found


def _decomposed(wide: Tensor, top: int) -> tuple[Tensor, Tensor]:
    """All singular values, float64 on the CPU, and the first `top` left vectors of `wide` (smaller, larger)."""
    for exact in (wide, wide.double()):
        squares, vectors = torch.linalg.eigh(exact @ exact.T)
        squares = squares.flip(0).clamp(min=0).double().cpu()
        values = squares.sqrt()
        if _error(values, torch.finfo(exact.dtype).eps) <= TOLERANCE * float(values.sum()):
            break
    return values, vectors[:, -top:].flip(1).float()


def _error(values: Tensor, eps: float) -> float:
    """An upper bound on the total error of all singular values due to rounding of the Gram matrix."""
    slack = ERROR * eps * float(values[0]) ** 2
    return float(torch.minimum(slack / (2 * values), torch.tensor(slack**0.5)).sum())


def _empty(matrix: Tensor) -> Spectrum:
    rows, columns = matrix.shape
    none = torch.zeros(min(rows, columns), dtype=torch.float64)
    return Spectrum(none, matrix.new_zeros(rows, 0), matrix.new_zeros(columns, 0))
