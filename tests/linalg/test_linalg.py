"""Linear algebra in one order of operations: right beside torch's, and right where numbers are extreme."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mergelab.engine import in_order
from mergelab.linalg import factor, folded_sum, inner, product, singular_triplets, solve, sqrt, squares_of, summed

SHAPES = [(1, 1), (1, 7), (7, 1), (3, 5), (5, 3), (64, 64), (65, 130), (300, 40), (40, 700)]


def matrix(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def positive(size: int) -> Tensor:
    drawn = matrix(size, 2 * size)
    return drawn @ drawn.T / (2 * size)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_square_root_is_the_nearest_number_to_the_exact_one(dtype: torch.dtype) -> None:
    """torch's own is not, on several processors: of a thousand, some ten are off by one in the last bit."""
    values = matrix(1, 2000)[0].square().to(dtype)
    up, down = torch.tensor(torch.inf, dtype=dtype), torch.tensor(0.0, dtype=dtype)
    for value, root in zip(values, sqrt(values), strict=True):
        below, above = (Fraction(float(root.nextafter(end))) + Fraction(float(root)) for end in (down, up))
        assert below**2 <= 4 * Fraction(float(value)) <= above**2


def test_square_roots_keep_the_shape_and_negative_numbers_have_none() -> None:
    assert sqrt(torch.tensor(9.0)).shape == () and float(sqrt(torch.tensor(9.0))) == 3.0
    assert sqrt(torch.tensor([[4.0, 0.25]]).T).tolist() == [[2.0], [0.5]]
    assert bool(sqrt(torch.tensor([-1.0])).isnan()) and sqrt(torch.empty(0, 3)).shape == (0, 3)


def test_a_folded_sum_adds_the_second_half_to_the_first() -> None:
    # (1 + 1e16) + (-1e16 + 1) would be 0 from left to right; folded, 1 meets -1e16 and 1e16 meets 1.
    values = torch.tensor([1.0, 1e16, -1e16, 1.0], dtype=torch.float64)
    assert float(folded_sum(values)) == (1.0 - 1e16) + (1e16 + 1.0)


@given(st.lists(st.integers(-1000, 1000), max_size=70))
@settings(max_examples=50)
def test_a_folded_sum_of_whole_numbers_is_their_sum(numbers: list[int]) -> None:
    assert float(folded_sum(torch.tensor(numbers, dtype=torch.float64))) == sum(numbers)


def test_folded_sums_keep_the_other_axes_and_are_zero_over_nothing() -> None:
    assert folded_sum(torch.ones(2, 3, 5)).tolist() == [[5.0] * 3] * 2
    assert folded_sum(torch.ones(2, 0)).tolist() == [0.0, 0.0]


def test_an_inner_product_is_within_rounding_of_the_exact_one() -> None:
    first, second = matrix(1, 1001)[0], matrix(1, 1001, seed=1)[0]
    exact = sum(Fraction(a) * Fraction(b) for a, b in zip(first.tolist(), second.tolist(), strict=True))
    assert float(inner(first, second)) == pytest.approx(float(exact), rel=1e-14)


def test_rows_longer_than_a_block_are_summed_whole() -> None:
    assert summed(torch.full((2, 300_001), -0.5), torch.abs).tolist() == [150_000.5] * 2
    assert summed(torch.zeros(3, 0), torch.square).tolist() == [0.0] * 3


@pytest.mark.parametrize(("rows", "inside"), SHAPES)
def test_products_are_torchs_up_to_rounding(rows: int, inside: int) -> None:
    left, right = matrix(rows, inside), matrix(inside, 19, seed=1)
    assert torch.allclose(product(left, right), left @ right, rtol=0, atol=1e-12)


def test_an_entry_of_a_product_is_summed_in_the_order_of_the_inner_dimension() -> None:
    left = torch.tensor([[1.0, 1e16, -1e16, 1.0, 1.0, 3.0]], dtype=torch.float64)
    assert product(left, torch.ones(6, 1)).item() == (((((0.0 + 1.0) + 1e16) - 1e16) + 1.0) + 1.0) + 3.0


def test_nothing_is_fused_with_a_sum() -> None:
    """(1 + e)² - 1 - 2e keeps e² where a product is fused with a sum, and loses it where it is rounded first."""
    small = 2.0**-30
    left = torch.tensor([[-1.0 - 2 * small, 1 + small]], dtype=torch.float64)
    assert product(left, torch.tensor([[1.0], [1 + small]], dtype=torch.float64)).item() == 0.0


@pytest.mark.parametrize("size", [1, 2, 9, 130])
def test_a_cholesky_factor_and_its_solution_satisfy_their_equations(size: int) -> None:
    given_matrix, right = positive(size), matrix(size, 3, seed=2)
    lower, pivot = factor(given_matrix)
    assert torch.allclose(lower @ lower.T, given_matrix, rtol=0, atol=1e-12) and not lower.triu(1).any()
    assert pivot == pytest.approx(float(lower.diagonal().min()) ** 2)
    assert torch.allclose(given_matrix @ solve(lower, right), right, rtol=0, atol=1e-8)


def test_a_matrix_that_is_not_positive_definite_has_a_pivot_that_says_so() -> None:
    assert factor(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))[1] == -3.0
    assert factor(torch.tensor([[1.0, 1.0], [1.0, 1.0]]))[1] == 0.0


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_singular_triplets_rebuild_the_matrix_with_orthonormal_vectors(rows: int, columns: int) -> None:
    left, values, right = singular_triplets(matrix(rows, columns))
    count = min(rows, columns)
    assert (left.shape, values.shape, right.shape) == ((rows, count), (count,), (count, columns))
    assert torch.allclose(left * values @ right, matrix(rows, columns), rtol=0, atol=1e-12)
    shorter = right.T if rows > columns else left
    assert torch.allclose(shorter.T @ shorter, torch.eye(count).double(), rtol=0, atol=1e-12)
    longer = left if rows > columns else right.T  # known to 1e-16 values[0] / value, unlike the shorter side
    assert torch.allclose(longer.T @ longer, torch.eye(count).double(), rtol=0, atol=1e-10)
    assert torch.allclose(values, torch.linalg.svdvals(matrix(rows, columns)), rtol=1e-11, atol=0)


def test_small_singular_values_are_exact_where_rows_differ_in_size() -> None:
    """Libraries find values below 1e-16 of the largest in rounding noise; rotations of rows find them."""
    scales = torch.logspace(0, -20, 5, dtype=torch.float64)
    turned = torch.linalg.qr(matrix(9, 5))[0].T
    assert torch.allclose(singular_triplets(scales[:, None] * turned)[1], scales, rtol=1e-10, atol=0)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_no_square_leaves_the_range_of_numbers(scale: float) -> None:
    values = singular_triplets(torch.diag(torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64)) * scale)[1]
    assert torch.allclose(values / scale, torch.tensor([3.0, 2.0, 1.0]).double())


def test_vectors_of_value_zero_are_zero() -> None:
    left, values, right = singular_triplets(torch.tensor([[3.0, 0.0], [0.0, 0.0], [4.0, 0.0]]))
    assert values.tolist() == [5.0, 0.0]
    assert not left[:, 1].any() and not right[1].any()
    assert [each.shape for each in singular_triplets(torch.zeros(0, 3))] == [(0, 0), (0,), (0, 3)]


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_numbers_that_are_not_finite_have_no_singular_values(wrong: float) -> None:
    with pytest.raises(ValueError, match="2 × 3 matrix with NaN or infinity"):
        singular_triplets(torch.tensor([[1.0, wrong, 0.0], [0.0, 1.0, 2.0]]))


def test_results_have_the_same_bits_alone_and_beside_others_on_threads() -> None:
    given_matrices = [matrix(70, 90, seed) for seed in range(4)]
    alone = [singular_triplets(each)[2] for each in given_matrices]
    beside = list(in_order(lambda each: singular_triplets(each)[2], given_matrices, 2))
    assert all(torch.equal(one, other) for one, other in zip(alone, beside, strict=True))


def test_squares_are_summed_in_float64_whatever_the_vectors_are() -> None:
    first, second = torch.full((1000,), 0.1), torch.zeros(1000)
    exact = 1000 * float(first[0]) ** 2
    assert squares_of(first, second) == pytest.approx((exact, exact), rel=1e-14)
    assert squares_of(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 1.0])) == (25.0, 9.0)
