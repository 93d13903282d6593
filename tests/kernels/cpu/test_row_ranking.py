"""Rows are ranked, drawn and rescaled as the reference does it, bit for bit, wherever they lie in their tensor."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mergelab.kernels.cpu.row_ranking import DropProbabilities, thinned
from mergelab.methods.ops.stack import KernelUnsupportedError
from mergelab.methods.sparsifiers.della import della
from mergelab.runtime.randomness import draws, key_of

TINY = 2.0**-149
EXPERT = (7, "expert", "tensor")
"""The seed, the expert and the tensor that random bits belong to."""


def by_reference(delta: Tensor, chances: DropProbabilities, start: int = 0) -> Tensor:
    knobs = {
        "density": torch.tensor([chances.density], dtype=torch.float64),
        "epsilon": torch.tensor([chances.epsilon], dtype=torch.float64),
        "rescale": "element" if chances.divides else "none",
    }
    own = draws(*EXPERT, tuple(delta.shape), start)
    return della(delta[None], draws=own[None], **knobs)[0].reshape(-1)


def by_kernel(delta: Tensor, chances: DropProbabilities, start: int = 0, base: Tensor | None = None) -> Tensor:
    width = delta[0].numel() if delta.ndim > 1 and len(delta) else delta.numel()
    anchor = torch.zeros_like(delta) if base is None else base
    return thinned(anchor, delta, width, chances, key_of(*EXPERT), start)


def bits(values: Tensor) -> list[int]:
    found: list[int] = values.view(torch.int32).tolist()
    return found


def chances_of(row: list[float]) -> list[float]:
    """The probabilities of a row at density 1/2 and epsilon 1/4, by how often its entries survive many draws."""
    times = 4000
    left = by_kernel(torch.tensor([row] * times), DropProbabilities(0.5, 0.25, False)).reshape(times, len(row))
    survived: list[float] = (left != 0).double().mean(0).tolist()
    return survived


def test_the_chance_rises_with_the_rank_and_equal_magnitudes_share_theirs() -> None:
    assert chances_of([2.0, -1.0, 3.0]) == pytest.approx([0.5, 0.25, 0.75], abs=0.04)
    assert chances_of([1.0, -1.0, 1.0, 7.0, 9.0]) == pytest.approx([0.375, 0.375, 0.375, 0.625, 0.75], abs=0.04)
    assert chances_of([2.0, -2.0]) == pytest.approx([0.5, 0.5], abs=0.04)


def test_survivors_are_divided_by_their_own_chance() -> None:
    left = by_kernel(torch.tensor([[2.0, -1.0, 3.0]] * 100), DropProbabilities(0.5, 0.25, True)).reshape(100, 3)
    assert [set(column) for column in left.T.tolist()] == [{0.0, 4.0}, {0.0, -4.0}, {0.0, 4.0}]


@pytest.mark.parametrize("density", [0.0, 1.0])
def test_at_the_ends_the_density_alone_decides(density: float) -> None:
    row = torch.tensor([[2.0, -1.0, 3.0, 0.0]])
    assert by_kernel(row, DropProbabilities(density, 0.5, True)).tolist() == (density * row)[0].tolist()


@pytest.mark.parametrize("divides", [True, False])
@pytest.mark.parametrize(
    "shape", [(), (1,), (500,), (40, 1), (1, 700), (30, 33), (5, 4, 30), (4, 3, 3, 3), (0,), (3, 0)]
)
def test_every_shape_has_the_references_bits(shape: tuple[int, ...], divides: bool) -> None:
    delta, chances = (
        torch.randn(shape, generator=torch.Generator().manual_seed(1)),
        DropProbabilities(0.45, 0.3, divides),
    )
    assert bits(by_kernel(delta, chances)) == bits(by_reference(delta, chances))


@pytest.mark.parametrize(
    "chances",
    [DropProbabilities(0.3, 0.15, True), DropProbabilities(0.1, 0.5, True), DropProbabilities(0.9, 0.4, False)],
)
def test_zeros_of_both_signs_subnormals_and_equal_magnitudes_have_the_references_bits(
    chances: DropProbabilities,
) -> None:
    special = torch.tensor([0.0, -0.0, TINY, -TINY, 1e-40, 1e-6, -1e-6, 0.5, -0.5, 3e38, -3e38])
    picked = torch.randint(len(special), (50, 70), generator=torch.Generator().manual_seed(2))
    assert bits(by_kernel(special[picked], chances)) == bits(by_reference(special[picked], chances))


@pytest.mark.parametrize("start", [0, 31, 32, 255, 256, 1000, 2**33 - 300])
def test_draws_are_those_of_the_rows_place_in_its_tensor(start: int) -> None:
    delta, chances = torch.randn(9, 100, generator=torch.Generator().manual_seed(3)), DropProbabilities(0.5, 0.2, True)
    assert bits(by_kernel(delta, chances, start)) == bits(by_reference(delta, chances, start))


def test_rows_may_be_handed_over_one_by_one() -> None:
    delta, chances = torch.randn(5, 77, generator=torch.Generator().manual_seed(4)), DropProbabilities(0.5, 0.2, True)
    single = [by_kernel(delta[row : row + 1], chances, 77 * row) for row in range(5)]
    assert torch.equal(torch.cat(single), by_kernel(delta, chances))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
def test_deltas_are_taken_in_float32_from_any_format(dtype: torch.dtype) -> None:
    generator, chances = torch.Generator().manual_seed(5), DropProbabilities(0.4, 0.1, True)
    base, expert = (torch.randn(20, 65, generator=generator).to(dtype) for _ in range(2))
    expected = by_reference(expert.float() - base.float(), chances)
    assert bits(by_kernel(expert, chances, base=base)) == bits(expected)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, TINY, -3e38, 1.0000001]), min_size=1, max_size=20),
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.integers(0, 300),
)
def test_any_row_at_any_knobs_has_the_references_bits(
    row: list[float], density: float, epsilon: float, start: int
) -> None:
    delta, chances = torch.tensor([row]), DropProbabilities(density, epsilon, True)
    assert bits(by_kernel(delta, chances, start)) == bits(by_reference(delta, chances, start))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_delta_that_is_not_finite_is_handed_back(bad: float) -> None:
    delta = torch.ones(3, 4)
    delta[1, 2] = bad
    with pytest.raises(KernelUnsupportedError, match="not finite"):
        by_kernel(delta, DropProbabilities(0.0, 0.1, True))
