"""Names and durations as a person reads them."""

from __future__ import annotations

import pytest

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.ui.form.labels import (
    COMPLEMENTS,
    NAMES,
    NUMBERS_OF_EXPERTS,
    counted,
    file_size,
    number,
    seconds,
    title_of,
    value_of,
)


@pytest.mark.parametrize(
    ("value", "text"), [(0.44, "0.4 s"), (12.4, "12 s"), (125, "2 min 05 s"), (59.9, "1 min 00 s")]
)
def test_durations_are_short(value: float, text: str) -> None:
    assert seconds(value) == text


def test_names_of_knobs_become_words_and_papers_letters_stay() -> None:
    assert (title_of("min_models"), title_of("t")) == ("Least number of experts", "t")
    assert (title_of("weigh"), value_of("weigh", "after"), value_of("floor", 1e-6)) == (
        "Apply weights",
        "after the vote",
        "1e−6",
    )


def test_a_small_number_cannot_be_broken_at_its_minus() -> None:
    assert (number(1e-7), number(0.01), number(0)) == ("1e−7", "0.01", "0")


def test_the_size_of_a_small_file_is_not_rounded_to_nothing() -> None:
    assert [file_size(count) for count in (20, 61_700, 4.46e6, 2.3e9)] == ["1 KB", "62 KB", "4.5 MB", "2.3 GB"]


def test_one_is_singular() -> None:
    assert (counted(1, "expert"), counted(2000, "row")) == ("1 expert", "2,000 rows")


def test_a_knob_whose_name_says_too_little_has_a_longer_one() -> None:
    known = {knob.name for rules in (METHODS, SPARSIFIERS) for rule in rules.values() for knob in rule.knobs}
    assert {*NAMES, *NUMBERS_OF_EXPERTS, *COMPLEMENTS} <= known
    assert title_of("lr") == "Learning rate"
