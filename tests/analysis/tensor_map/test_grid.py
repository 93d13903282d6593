"""How tensors of any shape are laid out in rows and columns."""

from __future__ import annotations

import pytest
import torch

from mergelab.analysis.tensor_map import TensorGrid, Window


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [((), 1, 1), ((5,), 2, 4), ((1,), 1, 1), ((768,), 24, 32), ((3, 5), 3, 5), ((8, 3, 2, 2), 8, 12), ((0,), 0, 1)],
)
def test_the_first_axis_goes_down_and_a_vector_is_broken_into_lines(
    shape: tuple[int, ...], rows: int, columns: int
) -> None:
    assert (TensorGrid(shape).rows, TensorGrid(shape).columns) == (rows, columns)


def test_the_last_line_of_a_vector_is_filled_with_zeros() -> None:
    laid_out = TensorGrid((5,)).lay_out(torch.arange(1.0, 6.0))
    assert laid_out.tolist() == [[1, 2, 3, 4], [5, 0, 0, 0]]


def test_stacks_keep_their_first_axis_and_stretches_keep_whole_rows() -> None:
    stack = torch.arange(24.0).reshape(2, 3, 2, 2)
    assert TensorGrid((3, 2, 2)).lay_out(stack, 1).tolist() == stack.reshape(2, 3, 4).tolist()
    assert TensorGrid((3, 2, 2)).lay_out(stack[0, :2].reshape(2, 4)).shape == (2, 4)


def test_a_window_outside_is_moved_to_the_nearest_place_inside() -> None:
    grid = TensorGrid((10, 20))
    assert grid.clamp(Window(-3, 18, 4, 4)) == Window(0, 16, 4, 4)
    assert grid.clamp(Window(2, 2, 500, 0)) == Window(0, 2, 10, 1)


def test_a_place_of_the_flat_tensor_has_an_index_in_its_shape() -> None:
    assert TensorGrid((2, 3, 4)).index(13) == (1, 0, 1)
    assert TensorGrid(()).index(0) == ()
