import pytest

from mergelab.ui.form.form import Models
from mergelab.ui.form.typed_values import checked_number, number_rules

RULES = number_rules(Models("base", {"a": "Digits", "b": "Letters"}), "ties")
DENSITY, STEPS = "knob-method-ties-density", "knob-method-adamerging-steps"


@pytest.mark.parametrize(
    ("widget", "value", "taken"),
    [(DENSITY, 0.123456, 0.123456), ("knob-method-ties-scale", 7.5, 7.5), ("weight-1", -3, -3.0), ("seed", 12.0, 12)],
)
def test_a_valid_number_is_taken_with_all_its_digits_also_beyond_the_slider(
    widget: str, value: float, taken: float
) -> None:
    assert checked_number(RULES, widget, value) == taken


@pytest.mark.parametrize(
    ("widget", "value", "sentence"),
    [
        (DENSITY, 50, "Density must be from 0 to 1. For 50 % type 0.5."),
        (DENSITY, -0.1, "Density must be from 0 to 1."),
        (DENSITY, None, "Density must be from 0 to 1."),
        ("seed", -1, "The seed must be a whole number, 0 or larger."),
        ("seed", 1.5, "The seed must be a whole number, 0 or larger."),
        (STEPS, 2.5, "Steps must be a whole number from 0 to 100000."),
        ("weight-0", 1e39, "The weight of Digits must be a number of float32, whose largest is 3.40282e+38."),
    ],
)
def test_another_number_is_refused_by_a_sentence_that_says_the_rule(widget: str, value: object, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        checked_number(RULES, widget, value)
    assert str(caught.value) == sentence
