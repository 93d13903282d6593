from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, numbers, plan_for, random_state, same_bits, tuned

from mergelab.engine import merged_model, prepare
from mergelab.methods.nuslerp import nuslerp
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import finish

EVEN = torch.tensor([1.0, 1.0])


def remarks(first: list[float], second: list[float], weights: tuple[float, float] = (1.0, 1.0)) -> list[str]:
    entries = [{"model": name, "weight": weight} for name, weight in zip("ab", weights, strict=True)]
    recipe = {"models": entries, "method": "nuslerp"}
    prepared = finish(prepare(plan_for(recipe, {"a": numbers(*first), "b": numbers(*second)})))
    return finish(merged_model(prepared)).remarks


def test_weights_one_and_two_stop_at_two_thirds_of_the_angle() -> None:
    merged = merged_numbers("nuslerp", [1.0, 0.0], [0.0, 1.0], weights=[1.0, 2.0])
    assert merged == pytest.approx([0.5, math.sqrt(3) / 2])


@settings(max_examples=20)
@given(st.integers(0, 100), st.floats(0.1, 5.0))
def test_equal_weights_are_slerp_half_way(seed: int, weight: float) -> None:
    base = random_state(seed)
    models = tuned(base, 2, size=1.0)
    arcs = merge("nuslerp", models, base, weights=[weight, weight])
    halves = merge({"name": "slerp", "t": 0.5}, models, base)
    # slerp leaves the arc for the line sooner, above a cosine of 0.9995.
    assert all(torch.allclose(arcs[key], halves[key], atol=1e-3) for key in base)


def test_the_only_weight_wins_bit_for_bit() -> None:
    base = random_state(0)
    models = tuned(base, 2)
    assert same_bits(merge("nuslerp", models, base, weights=[0.0, 2.0]), models["b"])


def test_deltas_are_turned_around_the_base() -> None:
    merged = merged_numbers({"name": "nuslerp", "of": "deltas"}, [11.0, 10.0], [10.0, 11.0], base=[10.0, 10.0])
    assert merged == pytest.approx([10 + math.sqrt(0.5)] * 2)


def test_each_row_or_column_has_an_angle_of_its_own() -> None:
    first, second = torch.tensor([[1.0, 0.0], [5.0, 5.0]]), torch.tensor([[0.0, 1.0], [5.0, 5.0]])
    half = math.sqrt(0.5)
    rows = nuslerp(torch.stack([first, second]), weights=EVEN, along="rows")
    torch.testing.assert_close(rows, torch.tensor([[half, half], [5.0, 5.0]]))
    columns = nuslerp(torch.stack([first.T, second.T]), weights=EVEN, along="columns")
    torch.testing.assert_close(columns, rows.T)


def test_parallel_opposite_and_zero_vectors_are_interpolated_on_the_line_which_is_said() -> None:
    assert merged_numbers("nuslerp", [1.0, 2.0], [2.0, 4.0], weights=[3.0, 1.0]) == [1.25, 2.5]
    assert merged_numbers("nuslerp", [1.0, 0.0], [-1.0, 0.0], weights=[3.0, 1.0]) == [0.5, 0.0]
    assert merged_numbers("nuslerp", [0.0, 0.0], [4.0, 8.0], weights=[3.0, 1.0]) == [1.0, 2.0]
    assert remarks([1.0, 2.0], [2.0, 4.0]) == [
        "w: interpolated linearly: the two are nearly parallel, opposite or zero (cosine 1.00000)"
    ]


def test_vectors_on_a_line_are_counted_once_for_a_tensor() -> None:
    said: list[str] = []
    stack = torch.tensor([[[1.0, 0.0], [5.0, 5.0], [0.0, 0.0]], [[0.0, 1.0], [5.0, 5.0], [0.0, 0.0]]])
    nuslerp(stack, weights=EVEN, along="rows", say=said.append)
    assert said == ["interpolated 1 of 3 vectors linearly: nearly parallel, opposite or zero"]


def test_a_zero_vector_can_count_as_orthogonal() -> None:
    merged = merged_numbers({"name": "nuslerp", "zero": "orthogonal"}, [0.0, 0.0], [0.0, 1.0], weights=[1.0, 2.0])
    assert merged == pytest.approx([0.0, math.sqrt(3) / 2])


def test_nothing_is_said_about_an_ordinary_arc_or_two_empty_tensors() -> None:
    assert remarks([1.0, 0.0], [0.0, 1.0]) == []
    assert remarks([0.0, 0.0], [0.0, 0.0]) == []


def test_weights_that_sum_to_zero_stop_half_way_which_is_said() -> None:
    assert merged_numbers("nuslerp", [1.0, 0.0], [0.0, 1.0], weights=[2.0, -2.0]) == pytest.approx([math.sqrt(0.5)] * 2)
    assert remarks([1.0, 0.0], [0.0, 1.0], (2.0, -2.0)) == [
        "w: the weights sum to 0, so all experts get the same weight"
    ]


def test_a_negative_weight_walks_beyond_the_end_which_is_said() -> None:
    merged = merged_numbers("nuslerp", [1.0, 0.0], [0.0, 1.0], weights=[-1.0, 3.0])
    assert merged == pytest.approx([-math.sqrt(0.5), math.sqrt(0.5)])
    assert remarks([1.0, 0.0], [0.0, 1.0], (-1.0, 3.0)) == [
        "w: one weight is negative, so the result lies beyond an end of the arc"
    ]


def test_nuslerp_takes_two_models() -> None:
    base = random_state(0)
    with pytest.raises(RecipeError, match="nuslerp takes exactly 2 models, got 3"):
        merge("nuslerp", tuned(base, 3), base)
