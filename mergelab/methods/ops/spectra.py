"""Singular value decompositions of deltas in float64: truncation, orthogonalisation, equal singular values.

Products and decompositions come from `mergelab.linalg`: unlike a library's, their bits depend on neither the processor
nor the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.linalg import folded_sum, product, singular_triplets
from mergelab.methods.knobs import ANY, Range

SpectralScale = A[
    float,
    Range(
        0.0,
        3.0,
        0.05,
        "Multiplies the merged change before it is added to the base, also of averaged tensors",
        valid=ANY,
    ),
]
"""The knob `scale` of methods that decompose matrices and average all other tensors."""
EXCEPTED = "text_projection"
"""Matrices with this in their name are averaged: the authors of all three spectral methods exclude CLIP's."""


def is_matrix(key: str, deltas: Tensor) -> bool:
    """Whether spectral methods decompose `deltas` (n_models, *shape): true for 2-D tensors that are not `EXCEPTED`."""
    return deltas.ndim == 3 and EXCEPTED not in key


@dataclass(frozen=True)
class Triplets:
    """A matrix as Σ values · left ⊗ right: `left` (rows, k), `values` (k,) falling, `right` (k, columns), all float64."""

    left: Tensor
    values: Tensor
    right: Tensor

    def top(self, count: int) -> Triplets:
        """The first `count` triplets, copied so that the memory of the others can be freed."""
        return Triplets(self.left[:, :count].clone(), self.values[:count].clone(), self.right[:count].clone())

    def flattened(self) -> Triplets:
        """Every singular value replaced by their mean."""
        mean = folded_sum(self.values) / max(1, len(self.values))
        return Triplets(self.left, torch.full_like(self.values, float(mean)), self.right)

    def orthogonalised(self) -> Triplets:
        """The triplets with the nearest orthonormal left and right vectors (orthogonal Procrustes) and the same values."""
        return Triplets(polar_factor(self.left), self.values, polar_factor(self.right))

    def product(self) -> Tensor:
        """The matrix, float64 (rows, columns)."""
        return product(self.left * self.values, self.right)


def triplets(matrix: Tensor) -> Triplets:
    """The singular value decomposition of `matrix` (rows, columns), min(rows, columns) triplets.

    Vectors for singular values of 0 are set to 0: they are arbitrary, and the merge must depend only on the matrix.
    """
    left, values, right = singular_triplets(matrix)
    live = _live(values, matrix)
    return Triplets(left * live, values * live, right * live[:, None])


def joined(parts: Sequence[Triplets]) -> Triplets:
    """All triplets concatenated; vectors of different parts need not be orthogonal to each other."""
    return Triplets(
        torch.cat([part.left for part in parts], 1),
        torch.cat([part.values for part in parts]),
        torch.cat([part.right for part in parts]),
    )


def polar_factor(matrix: Tensor) -> Tensor:
    """The nearest matrix with orthonormal rows or columns; 0 in the directions that `matrix` (rows, columns) lacks."""
    left, values, right = singular_triplets(matrix)
    return product(left * _live(values, matrix), right)


def outside(matrix: Tensor, basis: Tensor) -> Tensor:
    """`matrix` (rows, columns) minus its projection onto the orthonormal columns of `basis` (rows, k)."""
    return matrix - product(basis, product(basis.T, matrix))


def _live(values: Tensor, matrix: Tensor) -> Tensor:
    """Which singular values can be distinguished from 0 in float64."""
    if not values.numel():
        return values.bool()
    return values > values[0] * max(matrix.shape) * torch.finfo(torch.float64).eps
