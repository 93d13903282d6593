"""Patterns over tensor names: what they match, and which are refused."""

from __future__ import annotations

import pytest

from mergelab.recipe.name_pattern import name_pattern


def test_a_pattern_is_found_anywhere_in_a_name() -> None:
    assert [name_pattern(r"layers\.[01]\.")(name) for name in ("model.layers.1.w", "model.layers.10.w")] == [
        True,
        False,
    ]
    assert name_pattern("")("w") and not name_pattern("^w$")("ww")


def test_a_pattern_with_nested_repeats_ends() -> None:
    assert name_pattern("(a+)+$")("a" * 100_000)
    assert not name_pattern("(a+)+$")("a" * 100_000 + "b")  # a matcher that tries every split would never end


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(", "is not a regular expression: missing ): ("),
        ("(" * 1500, "is not a regular expression: missing ): ("),
        ("(?=mlp)", r"uses what RE2 does not have \(invalid perl operator: \(\?=\): write it without lookaround"),
        (r"(a)\1", r"uses what RE2 does not have \(invalid escape sequence: "),
        ("(a{1000}){1000}", r"uses what RE2 does not have \(invalid repetition size: "),
        ("a" * 3000, "has 3,000 characters, at most 2,000 are read"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused(pattern: str, told: str) -> None:
    with pytest.raises(ValueError, match=told if "\\" in told else None) as refused:
        name_pattern(pattern)
    assert "\\" in told or told in str(refused.value)
