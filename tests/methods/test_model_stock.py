from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, random_state, tuned

from mergelab.methods.model_stock import model_stock

RAW = {"name": "model_stock", "clamp": "no"}


def said(deltas: list[list[float]], **knobs: object) -> list[str]:
    remarks: list[str] = []
    model_stock(torch.tensor(deltas), say=remarks.append, **knobs)
    return remarks


def test_at_sixty_degrees_two_experts_are_followed_two_thirds_of_the_way() -> None:
    # cos = 0.6: t = 2 * 0.6 / 1.6 = 0.75, the mean delta is (4, 2).
    assert merged_numbers("model_stock", [5.0, 0.0], [3.0, 4.0]) == pytest.approx([3.0, 1.5])


def test_orthogonal_deltas_give_the_base() -> None:
    assert merged_numbers("model_stock", [12.0, 10.0], [10.0, 14.0], base=[10.0, 10.0]) == [10.0, 10.0]


def test_obtuse_angles_are_clamped_to_the_base_which_is_said() -> None:
    # cos = -0.6: t = -1.2 / 0.4 = -3.
    assert merged_numbers("model_stock", [5.0, 0.0], [-3.0, 4.0]) == [0.0, 0.0]
    assert merged_numbers(RAW, [5.0, 0.0], [-3.0, 4.0]) == pytest.approx([-3.0, -6.0])
    assert said([[5.0, 0.0], [-3.0, 4.0]]) == ["t was clamped to [0, 1]; smallest t -3.000"]
    assert said([[5.0, 0.0], [-3.0, 4.0]], clamp="no") == []


@pytest.mark.parametrize("clamp", ["yes", "no"])
def test_deltas_that_cancel_give_the_base_which_is_said(clamp: str) -> None:
    assert merged_numbers({"name": "model_stock", "clamp": clamp}, [3.0, 1.0], [-3.0, -1.0]) == [0.0, 0.0]
    assert said([[3.0, 1.0], [-3.0, -1.0]], clamp=clamp) == ["the changes cancel, so the base is kept"]


def test_each_row_can_have_an_angle_of_its_own() -> None:
    deltas = torch.tensor([[[5.0, 0.0], [1.0, 1.0], [5.0, 0.0]], [[3.0, 4.0], [1.0, 1.0], [-3.0, 4.0]]])
    remarks: list[str] = []
    merged = model_stock(deltas, along="rows", say=remarks.append)
    torch.testing.assert_close(merged, torch.tensor([[3.0, 1.5], [1.0, 1.0], [0.0, 0.0]]))
    assert remarks == ["t was clamped to [0, 1] in 1 of 3 rows; smallest t -3.000"]


def test_three_experts_meet_at_their_mean_cosine() -> None:
    # Cosines 0.6, 0, 0.8: t = 3 * 1.4 / 3 / (1 + 2 * 1.4 / 3) = 1.4 / 1.9333.
    t = 1.4 / (1 + 2.8 / 3)
    merged = merged_numbers("model_stock", [1.0, 0.0], [0.6, 0.8], [0.0, 1.0])
    assert merged == pytest.approx([t * 1.6 / 3, t * 1.8 / 3])


@settings(max_examples=20)
@given(st.integers(1, 5), st.sampled_from(["tensor", "rows"]))
def test_equal_experts_and_a_single_one_are_followed_all_the_way(count: int, along: str) -> None:
    base = random_state(0)
    expert = tuned(base, 1)["a"]
    models = {name: {key: value.clone() for key, value in expert.items()} for name in "abcde"[:count]}
    merged = merge({"name": "model_stock", "along": along}, models, base)
    assert all(torch.allclose(merged[key], expert[key], atol=1e-6) for key in base)


@settings(max_examples=20)
@given(st.integers(2, 5), st.floats(0.01, 0.99))
def test_what_parts_the_result_from_one_expert_is_at_right_angles_to_the_others(count: int, shared: float) -> None:
    # Deltas of one length at one angle to each other: the result is the orthocentre of base and experts.
    deltas = torch.eye(count + 1)[1:] * (1 - shared) ** 0.5
    deltas[:, 0] = shared**0.5
    across = (deltas - model_stock(deltas)) @ deltas.T
    assert torch.allclose(across - across.diag().diag(), torch.zeros(count, count), atol=1e-6)


def test_an_unchanged_expert_has_a_cosine_of_zero_to_the_others() -> None:
    # Cosines 1, 0, 0: t = 1 / (1 + 2 / 3) = 0.6.
    assert merged_numbers("model_stock", [3.0], [3.0], [0.0]) == pytest.approx([1.2])


def test_a_floor_makes_short_deltas_look_orthogonal() -> None:
    short = [[1e-4, 0.0], [1e-4, 0.0]]
    assert float(model_stock(torch.tensor(short))[0]) == pytest.approx(1e-4)
    assert float(model_stock(torch.tensor(short), floor=1e-6)[0]) == pytest.approx(1e-4 * 0.02 / 1.01)
