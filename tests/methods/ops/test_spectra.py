"""Decompositions rebuild what they took apart, and leave out what the matrix does not determine."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mergelab.methods.ops.spectra import is_matrix, joined, outside, polar_factor, triplets


def matrix(rows: int, columns: int) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def diagonal(*values: float) -> Tensor:
    return torch.diag(torch.tensor(values, dtype=torch.float64))


def close(first: Tensor, second: Tensor) -> bool:
    return torch.allclose(first.double(), second.double(), rtol=0, atol=1e-6)


def test_only_two_dimensional_tensors_are_matrices_and_the_text_projection_is_not() -> None:
    assert is_matrix("layer.weight", torch.zeros(2, 3, 4))
    assert not is_matrix("visual.text_projection.weight", torch.zeros(2, 3, 4))
    assert not is_matrix("bias", torch.zeros(2, 3)) and not is_matrix("conv", torch.zeros(2, 3, 4, 1, 1))


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 1), (1, 1), (0, 3), (3, 0)])
def test_the_product_of_all_triplets_is_the_matrix(shape: tuple[int, int]) -> None:
    given = matrix(*shape)
    found = triplets(given)
    assert found.values.dtype == torch.float64 and found.product().dtype == torch.float64
    assert found.product().shape == shape and close(found.product(), given)


def test_the_top_triplets_carry_the_largest_values() -> None:
    assert close(triplets(diagonal(1, 3, 2)).top(2).product(), diagonal(0, 3, 2))


def test_a_flat_spectrum_has_the_mean_value_in_every_direction() -> None:
    assert close(triplets(diagonal(1, 3, 2)).flattened().product(), diagonal(2, 2, 2))


def test_directions_that_a_matrix_lacks_stay_empty_when_its_spectrum_is_flattened() -> None:
    assert close(triplets(diagonal(4, 2, 0)).flattened().product(), diagonal(2, 2, 0))
    assert not triplets(torch.zeros(3, 2)).flattened().product().any()


def test_the_polar_factor_is_the_nearest_matrix_with_orthonormal_columns() -> None:
    factor = polar_factor(matrix(5, 3))
    assert close(factor.T @ factor, torch.eye(3))
    assert close(factor.T @ matrix(5, 3), (factor.T @ matrix(5, 3)).T)
    assert torch.linalg.eigvalsh(factor.T @ matrix(5, 3)).min() > 0


def test_the_polar_factor_shares_a_direction_that_two_columns_have_in_common() -> None:
    assert close(
        polar_factor(torch.tensor([[1.0, 1.0], [0.0, 0.0]]).double()), torch.tensor([[0.5, 0.5], [0, 0]]) * 2**0.5
    )


def test_orthogonalised_triplets_have_orthonormal_vectors_and_their_old_values() -> None:
    both = joined([triplets(matrix(6, 4)).top(2), triplets(matrix(6, 4).flip(0, 1)).top(2)])
    turned = both.orthogonalised()
    assert close(turned.left.T @ turned.left, torch.eye(4)) and close(turned.right @ turned.right.T, torch.eye(4))
    assert turned.values.tolist() == both.values.tolist()


def test_what_is_outside_a_basis_has_nothing_along_it() -> None:
    assert close(
        outside(torch.ones(2, 2).double(), torch.tensor([[1.0], [0.0]]).double()), torch.tensor([[0, 0], [1, 1]])
    )


def test_a_decomposition_has_the_same_bits_on_one_thread_and_on_two() -> None:
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(triplets(matrix(300, 200)).orthogonalised().product())
    torch.set_num_threads(1)
    assert torch.equal(*found)
