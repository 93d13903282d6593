"""The largest change wins, entry by entry; the base is zero, so models are their deltas."""

from __future__ import annotations

import pytest
from tiny_states import merged_numbers

WHOLE = {"name": "magmax", "scale": 1.0}


def test_the_largest_magnitude_wins_with_its_sign() -> None:
    assert merged_numbers(WHOLE, [1.0, -5.0, 0.0], [-3.0, 4.0, 0.0], [2.0, 1.0, 0.0]) == [-3.0, -5.0, 0.0]


def test_half_of_it_is_added_unless_the_scale_says_otherwise() -> None:
    assert merged_numbers("magmax", [1.0], [-3.0]) == [-1.5]


@pytest.mark.parametrize(("equal", "winner"), [("positive", [2.0, 3.0]), ("first", [-2.0, 3.0]), ("last", [2.0, -3.0])])
def test_opposite_deltas_of_equal_magnitude_are_settled_by_sign_or_by_place(equal: str, winner: list[float]) -> None:
    assert merged_numbers({**WHOLE, "equal": equal}, [-2.0, 3.0], [2.0, -3.0]) == winner


@pytest.mark.parametrize(("equal", "winner"), [("first", 4.0), ("last", -4.0)])
def test_only_the_largest_of_three_compete_for_the_place(equal: str, winner: float) -> None:
    assert merged_numbers({**WHOLE, "equal": equal}, [1.0], [4.0], [-4.0], [-1.0]) == [winner]


def test_where_all_lower_an_entry_the_lowest_wins() -> None:
    assert merged_numbers(WHOLE, [-1.0], [-2.0]) == [-2.0]
