"""The singular values of a delta and its leading singular vectors, from the Gram matrix of its smaller side.

A Gram matrix squares what it is made of: in float32 its eigenvalues are known to about 1e-6 of the largest, so a singular
value s is off by some 1e-6 s₀² / (2 s) and a vanishing one by 1e-3 s₀. For the dense spectra of ordinary fine-tuning that
adds up to nothing, and is half the work; where it would add up to `TOLERANCE` of the sum of all values (deltas of low
rank, such as adapters leave) everything is done again in float64, where the same bound is 1e-7 s₀.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TOLERANCE = 1e-4
"""Largest relative error of the sum of the singular values by that bound."""
ERROR = 16
"""Error of an eigenvalue, in units in the last place of the largest one."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """`values` (min(rows, columns),) float64, falling, 0 where float32 input cannot tell them from 0; the first k
    orthonormal vectors `left` (rows, k) and `right` (columns, k), float32, fewer where the rank is below k."""

    values: Tensor
    left: Tensor
    right: Tensor

    @property
    def top(self) -> int:
        """How many vectors there are."""
        return self.left.shape[1]


def spectrum(matrix: Tensor, top: int) -> Spectrum:
    """The spectrum of `matrix` (rows, columns), float32, with its first `top` vectors; see the module for how exact it is.

    Equal on any number of threads if torch works on one thread, as it does inside `in_order`.
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
    """(min(rows, columns),) float64, falling, always from a Gram matrix in float64: for one tensor at a time."""
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
    """A bound on what rounding the Gram matrix adds up to over all singular values."""
    slack = ERROR * eps * float(values[0]) ** 2
    return float(torch.minimum(slack / (2 * values), torch.tensor(slack**0.5)).sum())


def _empty(matrix: Tensor) -> Spectrum:
    rows, columns = matrix.shape
    none = torch.zeros(min(rows, columns), dtype=torch.float64)
    return Spectrum(none, matrix.new_zeros(rows, 0), matrix.new_zeros(columns, 0))
