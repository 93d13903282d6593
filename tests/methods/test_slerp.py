from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, numbers, plan_for, random_state, same_bits, tuned

from mergelab.engine import merged_model, prepare
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import finish


def slerp(t: float) -> dict[str, object]:
    return {"name": "slerp", "t": t}


def remarks(first: list[float], second: list[float]) -> list[str]:
    prepared = finish(prepare(plan_for({"method": "slerp"}, {"a": numbers(*first), "b": numbers(*second)})))
    return finish(merged_model(prepared)).remarks


def test_half_way_between_orthogonal_unit_vectors_stays_on_the_circle() -> None:
    assert merged_numbers(slerp(0.5), [1.0, 0.0], [0.0, 1.0]) == pytest.approx([math.sqrt(0.5)] * 2)


def test_a_third_of_the_way_is_a_third_of_the_angle() -> None:
    assert merged_numbers(slerp(1 / 3), [1.0, 0.0], [0.0, 1.0]) == pytest.approx([math.sqrt(3) / 2, 0.5])


def test_beyond_an_end_the_arc_goes_on() -> None:
    assert merged_numbers(slerp(4 / 3), [1.0, 0.0], [0.0, 1.0]) == pytest.approx([-0.5, math.sqrt(3) / 2])
    assert merged_numbers(slerp(-0.5), [1.0], [2.0]) == [0.5]


@pytest.mark.parametrize("size", [0.001, 1.0])
def test_both_ends_are_the_experts_bit_for_bit(size: float) -> None:
    base = random_state(0)
    models = tuned(base, 2, size)
    assert same_bits(merge(slerp(0.0), models, base), models["a"])
    assert same_bits(merge(slerp(1.0), models, base), models["b"])


@settings(max_examples=20)
@given(st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 1.0]))
def test_walking_from_the_other_end_is_the_same_walk(t: float) -> None:
    base = random_state(0)
    models = tuned(base, 2)
    assert same_bits(merge(slerp(t), models, base), merge(slerp(1 - t), dict(reversed(models.items())), base))


def test_parallel_vectors_are_interpolated_on_the_line_which_is_said() -> None:
    assert merged_numbers(slerp(0.25), [1.0, 2.0], [2.0, 4.0]) == [1.25, 2.5]
    assert remarks([1.0, 2.0], [2.0, 4.0]) == [
        "w: interpolated linearly: the two are nearly parallel, opposite or zero (cosine 1.00000)"
    ]


def test_opposite_and_zero_vectors_are_interpolated_on_the_line() -> None:
    assert merged_numbers(slerp(0.25), [1.0, 0.0], [-1.0, 0.0]) == [0.5, 0.0]
    assert merged_numbers(slerp(0.25), [0.0, 0.0], [4.0, 8.0]) == [1.0, 2.0]
    assert len(remarks([0.0, 0.0], [4.0, 8.0])) == 1


def test_nothing_is_said_about_an_ordinary_arc() -> None:
    assert remarks([1.0, 0.0], [0.0, 1.0]) == []


@pytest.mark.parametrize("count", [1, 3])
def test_slerp_takes_two_models(count: int) -> None:
    base = random_state(0)
    with pytest.raises(RecipeError, match=f"slerp takes exactly 2 models, got {count}"):
        merge("slerp", tuned(base, count), base)


def test_slerp_has_no_weights() -> None:
    base = random_state(0)
    with pytest.raises(RecipeError, match="slerp has no weights, but b has weight 2; leave it out"):
        merge("slerp", tuned(base, 2), base, weights=[1.0, 2.0])
