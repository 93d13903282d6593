from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import same_bits

from mergelab.methods.ops.elementwise import (
    count_kept,
    elected_signs,
    largest,
    per_model,
    rows,
    weighted_mean,
    zero_below_threshold,
)

ENTRIES = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=6)


def test_a_weight_per_model_multiplies_stacks_of_any_shape() -> None:
    weights = torch.tensor([1.0, 2.0])
    for shape in ((), (3,), (2, 3), (0,)):
        stack = torch.ones(2, *shape)
        assert torch.equal(per_model(weights, stack) * stack, torch.stack([stack[0], 2 * stack[1]]))


@pytest.mark.parametrize(("shape", "count"), [((), 1), ((3,), 3), ((2, 3), 6), ((0,), 0), ((2, 0), 0)])
def test_rows_flatten_all_but_the_models(shape: tuple[int, ...], count: int) -> None:
    assert rows(torch.ones(2, *shape)).shape == (2, count)


def test_pulling_weighs_by_shares() -> None:
    stack = torch.tensor([[0.0, 0.0], [4.0, 4.0]])
    shares = torch.tensor([[3.0, 0.0], [1.0, 2.0]])
    assert weighted_mean(stack, shares).tolist() == [1.0, 4.0]


def test_pulling_without_any_share_gives_the_plain_mean() -> None:
    assert weighted_mean(torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1)).tolist() == [2.0]


@settings(max_examples=50)
@given(ENTRIES, st.lists(st.floats(0, 10, width=32), min_size=2, max_size=4))
def test_pulling_equal_models_gives_them_back_bit_for_bit(entries: list[float], shares: list[float]) -> None:
    model = torch.tensor([*entries, -0.0])
    stack = model.repeat(len(shares), 1)
    assert same_bits({"w": weighted_mean(stack, per_model(torch.tensor(shares), stack))}, {"w": model})


def test_a_threshold_keeps_what_reaches_it_on_either_side_of_zero() -> None:
    kept = zero_below_threshold(torch.tensor([[-2.0, 1.0, 2.0], [1.0, -1.0, 0.5]]), torch.tensor([2.0, 1.0]))
    assert kept.tolist() == [[-2.0, 0.0, 2.0], [1.0, -1.0, 0.0]]


@pytest.mark.parametrize(
    ("density", "count", "kept"),
    [(0.0, 10, 0), (1e-9, 10, 1), (0.24, 10, 2), (0.25, 10, 3), (1.0, 10, 10), (0.5, 0, 0), (0.29, 100, 29)],
)
def test_a_density_keeps_the_rounded_share_but_at_least_one(density: float, count: int, kept: int) -> None:
    assert count_kept(density, count) == kept


def test_mass_and_count_may_elect_different_signs() -> None:
    votes = torch.tensor([[5.0, 1.0, 0.0], [-2.0, -1.0, 0.0], [-2.0, 0.0, 0.0]])
    assert elected_signs(votes, "mass").tolist() == [1.0, 0.0, 0.0]
    assert elected_signs(votes, "count").tolist() == [-1.0, 0.0, 0.0]


def test_the_largest_keeps_its_sign_and_the_first_wins_among_equals() -> None:
    values = torch.tensor([[1.0, 2.0], [-3.0, -2.0]])
    assert largest(values).tolist() == [-3.0, 2.0]
