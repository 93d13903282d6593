from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, numbers, plan_for, random_state, tuned

from mergelab.engine import merged_model, prepare
from mergelab.runtime.progress import finish


def remarks(*models: list[float], weights: list[float]) -> list[str]:
    entries = [{"model": name, "weight": weight} for name, weight in zip("abc", weights, strict=False)]
    states = {name: numbers(*values) for name, values in zip("abc", models, strict=False)}
    prepared = finish(prepare(plan_for({"models": entries, "method": "multislerp"}, states)))
    return finish(merged_model(prepared)).remarks


def test_the_result_points_between_the_experts_at_their_mean_length() -> None:
    assert merged_numbers("multislerp", [2.0, 0.0], [0.0, 4.0]) == pytest.approx([3 * math.sqrt(0.5)] * 2)


def test_weights_pull_the_direction_and_the_length() -> None:
    assert merged_numbers("multislerp", [10.0, 0.0], [0.0, 5.0], weights=[3.0, 1.0]) == pytest.approx(
        [8.75 * 3 / math.sqrt(10), 8.75 / math.sqrt(10)]
    )


@settings(max_examples=20)
@given(st.integers(1, 5), st.floats(0.1, 10.0))
def test_the_length_is_the_mean_length_of_the_deltas(count: int, weight: float) -> None:
    base = random_state(0)
    models = tuned(base, count)
    merged = (
        merge({"name": "multislerp", "of": "deltas"}, models, base, weights=[weight] * count)["cube"] - base["cube"]
    )
    lengths = [float((model["cube"] - base["cube"]).norm()) for model in models.values()]
    assert float(merged.norm()) == pytest.approx(sum(lengths) / count, rel=1e-4)


def test_raw_weights_make_deltas_longer() -> None:
    method = {"name": "multislerp", "of": "deltas", "normalize": "no"}
    assert merged_numbers(method, [11.0, 10.0], [11.0, 10.0], base=[10.0, 10.0], weights=[1.0, 2.0]) == [13.0, 10.0]


def test_weights_of_whole_models_are_always_normalised() -> None:
    method = {"name": "multislerp", "normalize": "no"}
    assert merged_numbers(method, [1.0, 2.0], [1.0, 2.0], weights=[1.0, 2.0]) == [1.0, 2.0]


def test_directions_that_cancel_are_summed_linearly_which_is_said() -> None:
    assert merged_numbers("multislerp", [3.0, 0.0], [-1.0, 0.0]) == [1.0, 0.0]
    assert remarks([3.0, 0.0], [-1.0, 0.0], weights=[1.0, 1.0]) == [
        "w: summed linearly: the weighted directions cancel"
    ]


def test_a_zero_tensor_only_shortens_the_result() -> None:
    assert merged_numbers("multislerp", [0.0, 0.0], [3.0, 4.0]) == pytest.approx([1.5, 2.0])
    assert merged_numbers("multislerp", [0.0, 0.0], [0.0, 0.0]) == [0.0, 0.0]
    assert remarks([0.0, 0.0], [0.0, 0.0], weights=[1.0, 1.0]) == []


def test_weights_that_sum_to_zero_count_the_same_which_is_said() -> None:
    assert merged_numbers("multislerp", [1.0, 0.0], [0.0, 1.0], weights=[1.0, -1.0]) == pytest.approx(
        [math.sqrt(0.5)] * 2
    )
    assert remarks([1.0, 0.0], [0.0, 1.0], weights=[1.0, -1.0]) == [
        "w: the weights sum to 0, so all experts get the same weight"
    ]


def test_a_negative_weight_turns_away_from_its_expert() -> None:
    assert merged_numbers("multislerp", [1.0, 0.0], [0.0, 1.0], weights=[-1.0, 2.0]) == pytest.approx(
        [-1 / math.sqrt(5), 2 / math.sqrt(5)]
    )


def test_whole_weights_need_no_base() -> None:
    merged = merge("multislerp", {"a": numbers(2.0, 0.0), "b": numbers(0.0, 2.0)})["w"]
    torch.testing.assert_close(merged, torch.full((2,), math.sqrt(2)))
