from __future__ import annotations

import pytest
import torch

from mergelab.checkpoints.lora import low_rank
from mergelab.checkpoints.lora.low_rank import product, truncated


def test_a_product_is_scaled_and_rounded_once() -> None:
    left, right = torch.tensor([[1.0, 2.0], [0.0, -1.0]]), torch.tensor([[3.0, 0.5, 0.0], [1.0, 1.0, 4.0]])
    assert product(left, right, 2.0).tolist() == [10.0, 5.0, 16.0, -2.0, -2.0, -8.0]
    tiny = torch.tensor([[1.0, 1e-8, -1.0]]), torch.ones(3, 1)
    assert product(*tiny).tolist() == [float(torch.tensor(1e-8))]  # float32 sums would give 0


def test_a_stretch_has_the_bits_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(low_rank, "BLOCK", 50)
    left, right = torch.randn(37, 5), torch.randn(5, 11)
    whole = product(left, right, 0.3)
    for start, stop in ((0, 407), (0, 1), (7, 130), (121, 122), (400, 407), (5, 5)):
        assert torch.equal(product(left, right, 0.3, start, stop), whole[start:stop])


def test_the_number_of_threads_changes_no_bit() -> None:
    left, right, threads = torch.randn(600, 16), torch.randn(16, 500), torch.get_num_threads()
    try:
        found = [torch.set_num_threads(count) or product(left, right) for count in (1, 2)]
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*found)


@pytest.mark.parametrize("shape", [(0, 2, 3), (3, 2, 0), (1, 1, 1)])
def test_small_and_empty_products_have_their_size(shape: tuple[int, int, int]) -> None:
    rows, rank, columns = shape
    assert product(torch.ones(rows, rank), torch.ones(rank, columns)).tolist() == [float(rank)] * (rows * columns)


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (7, 7)])
def test_truncation_misses_what_the_other_singular_values_hold(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, dtype=torch.float64).float()
    values = torch.linalg.svdvals(matrix.double())
    for rank in (1, 3, 5):
        left, right = truncated(matrix, rank)
        assert (left.shape, right.shape) == ((shape[0], rank), (rank, shape[1]))
        missed = (left.double() @ right.double() - matrix).norm()
        assert missed == pytest.approx(float(values[rank:].norm()), rel=1e-5)
        assert left.norm() == pytest.approx(float(right.norm()), rel=1e-5)


def test_a_rank_above_the_matrix_is_filled_with_zeros() -> None:
    matrix = torch.tensor([[3.0, 0.0, 4.0]])
    left, right = truncated(matrix, 4)
    assert (left.shape, right.shape) == ((1, 4), (4, 3))
    torch.testing.assert_close(left @ right, matrix)
    assert not left[:, 1:].any() and not right[1:].any()


def test_a_matrix_of_lower_rank_comes_back_and_zeros_stay_zeros() -> None:
    matrix = torch.randn(8, 2) @ torch.randn(2, 5)
    left, right = truncated(matrix, 4)
    torch.testing.assert_close(left @ right, matrix, rtol=1e-5, atol=1e-6)
    assert not any(factor.any() for factor in truncated(torch.zeros(3, 4), 2))
