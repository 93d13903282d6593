from __future__ import annotations

import pytest

from mergelab.sweeps import SweepError
from mergelab.sweeps.decimal_commas import typed_numbers, with_decimal_points


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0,1 0,2 0,4", ["0.1", "0.2", "0.4"]),
        ("0,1, 0,2", ["0.1", "0.2"]),
        ("0,5; 1", ["0.5", "1"]),
        ("0,0.5,1", ["0", "0.5", "1"]),
        ("[0,1]", ["0", "1"]),
        ("0, 1", ["0", "1"]),
        ("0,1,2", ["0", "1", "2"]),
        ("ties, average", None),
    ],
)
def test_a_comma_is_read_in_the_one_way_that_makes_sense(text: str, numbers: list[str] | None) -> None:
    assert typed_numbers(text) == numbers


def test_what_may_be_one_number_or_two_is_refused_with_both_ways_to_write_it() -> None:
    with pytest.raises(SweepError, match=r"^0,35 may be 0\.35, or 0 and 35; write \[0\.35\], or 0, 35$"):
        typed_numbers("0,35")
    with pytest.raises(SweepError, match=r"^0,1, 2 may be 0\.1 and 2, or 0 and 1 and 2; write 0\.1, 2, or 0, 1, 2$"):
        typed_numbers("0,1, 2")


def test_in_a_range_a_comma_separates_nothing() -> None:
    assert with_decimal_points("0,1:1:0,3") == "0.1:1:0.3"
