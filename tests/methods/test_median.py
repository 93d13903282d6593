from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, numbers, random_state, tuned


def test_the_middle_value_wins_and_the_base_takes_no_part() -> None:
    assert merged_numbers("median", [1.0, 9.0], [100.0, 8.0], [2.0, -7.0], base=[50.0, 50.0]) == [2.0, 8.0]


def test_of_an_even_number_the_lower_middle_is_taken() -> None:
    assert merged_numbers("median", [1.0], [2.0], [3.0], [4.0]) == [2.0]
    assert merged_numbers("median", [1.0], [2.0]) == [1.0]


def test_a_median_needs_no_base() -> None:
    assert merge("median", {"a": numbers(1.0), "b": numbers(3.0), "c": numbers(2.0)})["w"].tolist() == [2.0]


@settings(max_examples=20)
@given(st.integers(3, 5), st.floats(-1e6, 1e6, width=32))
def test_a_single_stray_expert_cannot_leave_the_range_of_the_others(count: int, stray: float) -> None:
    base = random_state(0)
    models = tuned(base, count)
    others = list(models.values())[1:]
    merged = merge("median", models | {"a": {key: torch.full_like(value, stray) for key, value in base.items()}}, base)
    for key in base:
        stack = torch.stack([model[key] for model in others])
        assert bool(((merged[key] >= stack.amin(0)) & (merged[key] <= stack.amax(0))).all())
