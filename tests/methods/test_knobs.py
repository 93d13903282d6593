from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mergelab.methods.knobs import (
    ANY,
    FROM_0,
    Choice,
    Knob,
    PerModel,
    Range,
    Value,
    annotation_of,
    brief,
    check_knobs,
    nearest,
    read_knobs,
)

SHARE = Range(0.0, 1.0, 0.01, "A share of something")
WHOLE = Range(0, 2**53, 1, "A whole number")
COLOUR = Choice(("red", "green"), "A colour")


def example(
    stack: list[float],
    *,
    weights: Annotated[float, PerModel(-1.0, 1.0, 0.1, "One a model")],
    density: Annotated[float, SHARE] = 0.2,
    colour: Annotated[str, COLOUR] = "red",
    plain: int = 3,
) -> list[float]:
    return stack


KNOBS = read_knobs(example)


def test_a_signature_is_read_in_its_order_and_arguments_without_a_domain_are_no_knobs() -> None:
    assert [(knob.name, knob.default, knob.per_model) for knob in KNOBS] == [
        ("weights", 1.0, True),
        ("density", 0.2, False),
        ("colour", "red", False),
    ]


def test_an_annotation_of_a_kind_is_found_among_others() -> None:
    assert annotation_of(Annotated[float, "note", SHARE], Range) is SHARE
    assert annotation_of(Annotated[float, "note"], Range) is None
    assert annotation_of(float, Range) is None


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, 0.5])
def test_both_ends_of_a_range_are_inside(value: float) -> None:
    checked = SHARE.check("density", value)
    assert checked == value and isinstance(checked, float)


@pytest.mark.parametrize("value", [-0.1, 1.4, 10**400, -(10**400)])
def test_a_number_outside_says_the_rule_and_the_number(value: float) -> None:
    with pytest.raises(ValueError, match=r"^density must be in \[0, 1\], got -?1?0?\.?\d"):
        SHARE.check("density", value)


def test_valid_numbers_may_lie_where_the_slider_does_not_go() -> None:
    strength, part = (Range(0.0, 2.0, 0.1, "A strength", valid=valid) for valid in (ANY, FROM_0))
    assert strength.check("scale", -7) == -7.0 and part.check("weight", 300) == 300.0
    with pytest.raises(ValueError, match=r"^weight must be at least 0, got -0\.1$"):
        part.check("weight", -0.1)
    with pytest.raises(ValueError, match=r"^scale must be in \[-3\.40282e\+38, 3\.40282e\+38\], got 1e\+39$"):
        strength.check("scale", 1e39)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "0.5", None, True, [0.5], {}])
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="density must be a finite number, got "):
        SHARE.check("density", value)


def test_a_whole_number_may_be_written_as_a_float_and_keeps_its_last_digit() -> None:
    assert WHOLE.check("seed", 3.0) == 3 and isinstance(WHOLE.check("seed", 3.0), int)
    assert WHOLE.check("seed", 2**53 - 1) == 2**53 - 1
    with pytest.raises(ValueError, match=r"seed must be a whole number, got 0\.5"):
        WHOLE.check("seed", 0.5)
    with pytest.raises(ValueError, match=r"seed must be in .* got 9007199254740993"):
        WHOLE.check("seed", 2**53 + 1)


def test_minus_zero_is_zero() -> None:
    assert str(Range(-1.0, 1.0, 0.1, "").check("scale", -0.0)) == "0.0"


@settings(max_examples=50)
@given(st.one_of(st.floats(), st.integers(), st.text(), st.none(), st.booleans(), st.lists(st.integers())))
def test_any_value_is_taken_or_refused_with_a_sentence(value: object) -> None:
    for domain in (SHARE, WHOLE, COLOUR):
        try:
            domain.check("knob", value)
        except ValueError as error:
            assert str(error).startswith("knob ") and len(str(error)) < 300


def test_a_wrong_choice_comes_with_the_nearest_and_all_others() -> None:
    assert COLOUR.check("colour", "green") == "green"
    with pytest.raises(ValueError, match=r"colour has no choice 'gren'\. Did you mean 'green'\? Known: red, green"):
        COLOUR.check("colour", "gren")


def test_checking_fills_in_defaults_and_leaves_per_model_knobs_out() -> None:
    assert check_knobs("example", KNOBS, {}) == {"density": 0.2, "colour": "red"}
    assert check_knobs("example", KNOBS, {"density": 1}) == {"density": 1.0, "colour": "red"}


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ValueError) as told:
        check_knobs("example", KNOBS, {"density": 1.4, "colour": 3, "densty": 1, "weights": 2})
    assert str(told.value).splitlines() == [
        "example has no knob 'densty'. Did you mean 'density'? Known: density, colour",
        "example has no knob 'weights'. Known: density, colour",
        "density of example must be in [0, 1], got 1.4",
        "colour of example has no choice 3. Known: red, green",
    ]


def test_nearest_names_what_there_is() -> None:
    assert nearest("tise", ["ties", "dare"]) == ". Did you mean 'ties'? Known: ties, dare"
    assert nearest("zzz", ["ties"]) == ". Known: ties"
    assert nearest(3, []) == ". Known: none"


@pytest.mark.parametrize("value", ["x" * 10**6, list(range(10**5)), {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}])
def test_huge_values_are_quoted_briefly(value: object) -> None:
    assert len(brief(value)) < 300


@pytest.mark.parametrize(
    ("knob", "described"),
    [
        (
            Knob("density", SHARE, 0.2),
            {
                "kind": "range",
                "low": 0.0,
                "high": 1.0,
                "step": 0.01,
                "least": 0.0,
                "most": 1.0,
                "default": 0.2,
                "help": "A share of something",
            },
        ),
        (
            Knob("colour", COLOUR, "red"),
            {"kind": "choice", "choices": ["red", "green"], "default": "red", "help": "A colour"},
        ),
        (
            Knob("weights", PerModel(-1.0, 1.0, 0.1, "One a model"), 1.0),
            {
                "kind": "per_model",
                "low": -1.0,
                "high": 1.0,
                "step": 0.1,
                "least": -1.0,
                "most": 1.0,
                "default": 1.0,
                "help": "One a model",
            },
        ),
    ],
)
def test_a_knob_describes_itself_as_plain_data(knob: Knob, described: dict[str, Value]) -> None:
    assert knob.describe() == {"name": knob.name, **described}
