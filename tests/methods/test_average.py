from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, numbers, random_state, tuned

from mergelab.recipe import RecipeError


def test_an_average_is_the_mean_and_the_base_takes_no_part() -> None:
    assert merged_numbers("average", [1.0, 0.0], [3.0, 8.0], base=[100.0, 100.0]) == [2.0, 4.0]


def test_weights_are_shares() -> None:
    assert merged_numbers("average", [0.0], [4.0], weights=[1.0, 3.0]) == [3.0]
    assert merged_numbers("average", [0.0], [4.0], weights=[0.1, 0.3]) == [3.0]


def test_a_weight_of_zero_leaves_its_expert_out() -> None:
    assert merged_numbers("average", [7.0], [4.0], weights=[0.0, 2.0]) == [4.0]


def test_where_no_expert_has_a_weight_the_base_stays() -> None:
    assert merged_numbers("average", [2.0], [4.0], base=[1.0], weights=[0.0, 0.0]) == [1.0]
    overrides = [{"match": "v", "weight": 0}]
    models = {"a": {"v": torch.ones(1), "w": torch.ones(1)}, "b": {"v": torch.zeros(1), "w": torch.zeros(1)}}
    merged = merge("average", models, {"v": torch.full((1,), 7.0), "w": torch.zeros(1)}, overrides=overrides)
    assert (merged["v"].item(), merged["w"].item()) == (7.0, 0.5)


def test_without_a_base_experts_without_weight_are_refused_with_the_tensors_names() -> None:
    with pytest.raises(RecipeError, match=r"every expert has weight 0 for 1 tensor \(w\).*name a base"):
        merge("average", {"a": numbers(1.0), "b": numbers(3.0)}, weights=[0.0, 0.0])


def test_an_average_needs_no_base() -> None:
    assert merge("average", {"a": numbers(1.0), "b": numbers(3.0)})["w"].tolist() == [2.0]


@settings(max_examples=20)
@given(st.integers(1, 5))
def test_task_arithmetic_with_one_share_each_is_the_average(count: int) -> None:
    base = random_state(0)
    models = tuned(base, count)
    summed = merge({"name": "task_arithmetic", "scale": 1 / count}, models, base)
    averaged = merge("average", models, base)
    assert all(torch.allclose(summed[key], averaged[key], atol=1e-6) for key in base)
