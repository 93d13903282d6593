"""Names and durations as a person reads them."""

from __future__ import annotations

import pytest

from mergelab.ui.words import counted, seconds, title_of


@pytest.mark.parametrize(
    ("value", "text"), [(0.44, "0.4 s"), (12.4, "12 s"), (125, "2 min 05 s"), (59.9, "1 min 00 s")]
)
def test_durations_are_short(value: float, text: str) -> None:
    assert seconds(value) == text


def test_names_of_knobs_become_words_and_papers_letters_stay() -> None:
    assert (title_of("zero_sign"), title_of("t")) == ("Zero sign", "t")


def test_one_is_singular() -> None:
    assert (counted(1, "expert"), counted(2000, "row")) == ("1 expert", "2,000 rows")
