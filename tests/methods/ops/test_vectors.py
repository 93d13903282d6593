from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mergelab.methods.ops.vectors import SPAN, as_tensor, as_vectors, cosines, inner_products, lengths, weighted_sum


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_rows_run_along_the_last_axis_and_columns_along_the_first() -> None:
    stack = torch.arange(6.0).reshape(1, 2, 3)
    assert as_vectors(stack)[0].tolist() == [[0, 1, 2, 3, 4, 5]]
    assert as_vectors(stack, "rows")[0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert as_vectors(stack, "columns")[0].tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("along", ["tensor", "rows", "columns"])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4), (4, 1), (0,), (3, 0), (0, 3)], ids=str)
def test_vectors_of_every_shape_become_that_tensor_again(along: str, shape: tuple[int, ...]) -> None:
    stack = normal(2, *shape)
    assert torch.equal(as_tensor(as_vectors(stack, along)[1], stack.shape[1:], along), stack[1])


@settings(max_examples=20)
@given(st.integers(1, 3), st.sampled_from([0, 1, 5, SPAN - 1, SPAN, SPAN + 1, 3 * SPAN + 7]))
def test_inner_products_of_vectors_of_any_length_are_those_of_float64(count: int, length: int) -> None:
    vectors = normal(3, count, length)
    exact = torch.einsum("mcl,ncl->cmn", vectors.double(), vectors.double())
    torch.testing.assert_close(inner_products(vectors), exact, rtol=1e-12, atol=1e-9)


def test_the_number_of_threads_changes_no_bit_of_an_inner_product() -> None:
    vectors = normal(2, 1, 40 * SPAN + 3)
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(inner_products(vectors))
    torch.set_num_threads(1)
    assert torch.equal(*results)


def test_a_zero_vector_is_at_a_cosine_of_zero_to_all_and_to_itself() -> None:
    products = inner_products(torch.tensor([[[3.0, 4.0]], [[0.0, 0.0]], [[4.0, 3.0]]]))
    assert lengths(products).tolist() == [[5.0, 0.0, 5.0]]
    assert cosines(products)[0].tolist() == [[1.0, 0.0, 0.96], [0.0, 0.0, 0.0], [0.96, 0.0, 1.0]]


def test_a_floor_makes_the_cosines_of_short_vectors_smaller() -> None:
    products = inner_products(torch.tensor([[[0.5]], [[0.5]]]))
    assert cosines(products, floor=1.0)[0].tolist() == [[0.25, 0.25], [0.25, 0.25]]


def test_a_weighted_sum_adds_up_each_vector_with_its_own_shares() -> None:
    vectors = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]]])
    shares = torch.tensor([[1.0, 0.5], [0.0, -1.0]], dtype=torch.float64)
    assert weighted_sum(vectors, shares).tolist() == [[6.0, 12.0], [-30.0, -40.0]]


def test_equal_experts_and_an_only_share_come_back_bit_for_bit() -> None:
    one, other = normal(2, 1, 50)
    thirds = torch.full((1, 3), 1 / 3, dtype=torch.float64)
    assert torch.equal(weighted_sum(torch.stack([one, one, one]), thirds), one)
    assert torch.equal(weighted_sum(torch.stack([1e6 * other, one]), torch.tensor([[0.0, 1.0]])), one)
