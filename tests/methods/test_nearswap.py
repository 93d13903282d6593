"""Small changes are taken whole, large ones are cut."""

from __future__ import annotations

import pytest
from tiny_states import merge, merged_numbers, numbers

from mergelab.recipe import RecipeError


def test_a_change_up_to_t_is_taken_and_a_larger_one_is_cut_to_it() -> None:
    swap = {"name": "nearswap", "t": 0.5}
    assert merged_numbers(swap, [1.25, 0.5, -3.0, 2.0], base=[1.0, 1.0, 1.0, 2.0]) == [1.25, 0.5, 0.5, 2.0]


def test_with_t_0_the_base_stays() -> None:
    assert merged_numbers({"name": "nearswap", "t": 0}, [1.25, -3.0], base=[1.0, 2.0]) == [1.0, 2.0]


def test_it_takes_one_expert() -> None:
    with pytest.raises(RecipeError, match="nearswap takes exactly 1 model"):
        merge("nearswap", {"a": numbers(1.0), "b": numbers(2.0)}, numbers(0.0))
