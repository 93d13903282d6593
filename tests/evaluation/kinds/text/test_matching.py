from decimal import Decimal

import pytest

from mergelab.evaluation.kinds.text.matching import MatchSettings, last_number, matches


def test_texts_are_compared_whole_without_white_space_around_them() -> None:
    assert matches(" Paris\n", "Paris", MatchSettings())
    assert not matches(" Paris", "Paris", MatchSettings(strip=False))
    assert not matches("paris", "Paris", MatchSettings())
    assert matches("STRASSE", "straße", MatchSettings(ignore_case=True))


def test_a_pattern_takes_its_group_from_the_models_text_alone() -> None:
    settings = MatchSettings(match="regex", pattern=r"answer is \(?([A-D])")
    assert matches("So the answer is (B). The answer is C", "B", settings)
    assert not matches("B", "B", settings)


def test_numbers_are_compared_by_value() -> None:
    settings = MatchSettings(match="number")
    assert matches("first 3, so 1,000.0 it is.", "#### 1000", settings)
    assert not matches("none", "1", settings)


@pytest.mark.parametrize(
    ("text", "number"),
    [("-3", -3), ("5-3", 3), ("= -3.", -3), ("1,2", 2), ("12,345.5", 12345.5), ("x=.5", 0.5), ("$7", 7), ("٣", None)],
)
def test_the_last_number_of_a_text(text: str, number: float | None) -> None:
    assert last_number(text) == (None if number is None else Decimal(str(number)))


def test_a_pattern_needs_one_group_and_belongs_to_regex() -> None:
    with pytest.raises(ValueError, match="needs one with one group"):
        MatchSettings(match="regex")
    with pytest.raises(ValueError, match="belongs to match: regex"):
        MatchSettings(pattern="(a)")
    with pytest.raises(ValueError, match="has 2"):
        MatchSettings(match="regex", pattern="(a)(b)")
    with pytest.raises(ValueError, match="no regular expression"):
        MatchSettings(match="regex", pattern="(a")
