from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, numbers, plan_for, random_state, tuned

from mergelab.engine import merged_model, prepare
from mergelab.runtime.progress import finish


def remarks(*models: list[float], **knobs: float) -> list[str]:
    states = {name: numbers(*values) for name, values in zip("abc", models, strict=False)}
    prepared = finish(prepare(plan_for({"method": {"name": "karcher", **knobs}}, states)))
    return finish(merged_model(prepared)).remarks


def at(*degrees: float) -> list[list[float]]:
    """Points on the unit circle."""
    return [[math.cos(math.radians(angle)), math.sin(math.radians(angle))] for angle in degrees]


def test_on_a_circle_the_mean_is_at_the_mean_angle() -> None:
    assert merged_numbers({"name": "karcher", "steps": 50}, *at(0, 10, 80)) == pytest.approx(at(30)[0], abs=1e-5)


def test_weights_move_the_mean_angle() -> None:
    merged = merged_numbers({"name": "karcher", "steps": 50}, *at(0, 80), weights=[3.0, 1.0])
    assert merged == pytest.approx(at(20)[0], abs=1e-5)


def test_the_length_is_the_mean_length() -> None:
    assert merged_numbers("karcher", [2.0, 0.0], [0.0, 6.0]) == pytest.approx([4 * math.sqrt(0.5)] * 2)


@settings(max_examples=20)
@given(st.integers(0, 100))
def test_the_mean_of_two_directions_is_slerp_half_way(seed: int) -> None:
    models = {
        name: {key: value / value.norm() for key, value in random_state(number, shapes={"w": (5, 4)}).items()}
        for name, number in (("a", seed), ("b", seed + 1))
    }
    torch.testing.assert_close(merge("karcher", models)["w"], merge("slerp", models)["w"], atol=1e-6, rtol=1e-5)


@settings(max_examples=20)
@given(st.integers(0, 100))
def test_the_arcs_to_all_experts_balance_at_the_mean(seed: int) -> None:
    models = tuned(random_state(seed, shapes={"w": (3, 4)}), 4, size=1.0)
    mean = merge({"name": "karcher", "steps": 100, "tolerance": 1e-7}, models)["w"].double().flatten()
    mean /= mean.norm()
    pull = torch.zeros_like(mean)
    for model in models.values():
        direction = model["w"].double().flatten()
        direction /= direction.norm()
        cosine = direction @ mean
        pull += (direction - cosine * mean) * cosine.arccos() / cosine.arccos().sin()
    assert float(pull.norm()) < 1e-5


def test_stopping_before_the_tolerance_is_met_is_said() -> None:
    assert remarks(*at(0, 10, 150), steps=1) == ["w: not converged after 1 steps; the last step was 4e-01 radians"]
    assert remarks(*at(0, 10, 150), steps=100) == []


def test_directions_that_cancel_are_averaged_linearly_which_is_said() -> None:
    assert merged_numbers("karcher", [3.0, 0.0], [-1.0, 0.0]) == [1.0, 0.0]
    assert remarks([3.0, 0.0], [-1.0, 0.0]) == ["w: averaged linearly: the directions cancel"]


def test_an_expert_opposite_to_the_mean_has_no_direction_to_pull_in() -> None:
    assert merged_numbers("karcher", [1.0, 0.0], [1.0, 0.0], [-4.0, 0.0]) == pytest.approx([2.0, 0.0])


def test_a_zero_tensor_only_shortens_the_result() -> None:
    assert merged_numbers("karcher", [0.0, 0.0], [3.0, 4.0]) == pytest.approx([1.5, 2.0])
    assert merged_numbers("karcher", [0.0, 0.0], [0.0, 0.0]) == [0.0, 0.0]
    assert remarks([0.0, 0.0], [0.0, 0.0]) == []


def test_weights_that_are_all_zero_keep_the_base() -> None:
    assert merged_numbers("karcher", *at(0, 90), base=[3.0, 4.0], weights=[0.0, 0.0]) == [3.0, 4.0]
