"""Checks a number that a person typed beside a slider, by the rule of its knob."""

from __future__ import annotations

from collections.abc import Mapping

from mergelab.methods import METHODS
from mergelab.methods.knobs import ANY, Range, Value
from mergelab.recipe import SEED
from mergelab.ui.form import sidebar_values as names
from mergelab.ui.form.form import Models, all_knobs, weight_id
from mergelab.ui.form.labels import number, title_of

EXACT = 2**53
"""The largest whole number up to which a browser counts exactly; a bound there is no rule of the field."""


def number_rules(models: Models, method: str) -> dict[str, tuple[str, Range]]:
    """What each widget that holds a number is called, and which numbers it may hold, by the widget's name."""
    rules = {
        place.elem_id: (title_of(knob.name), knob.domain)
        for place, knob in all_knobs().items()
        if isinstance(knob.domain, Range)
    }
    weight = METHODS[method].per_model
    if weight and isinstance(weight.domain, Range):
        rules |= {
            weight_id(place): (f"The weight of {title}", weight.domain)
            for place, title in enumerate(models.titles.values())
        }
    return {**rules, names.SEED: ("The seed", SEED)}


def checked_number(rules: Mapping[str, tuple[str, Range]], widget: str, value: object) -> Value:
    """The number as the recipe takes it. Raises ValueError with a sentence to show below the widget."""
    label, domain = rules[widget]
    try:
        return domain.check(label, value)
    except ValueError as error:
        raise ValueError(_sentence(label, domain, value)) from error


def _sentence(label: str, domain: Range, value: object) -> str:
    (least, most), whole = domain.bounds, isinstance(domain.step, int)
    given = value if isinstance(value, int | float) else 0
    if domain.bounds == ANY:
        return f"{label} must be a number of float32, whose largest is {number(most)}."
    if domain.open_above or (most >= EXACT - 1 and given <= most):
        return f"{label} must be {'a whole number, ' if whole else ''}{number(least)} or larger."
    ends = f"{'a whole number ' if whole else ''}from {number(least)} to {number(most)}"
    hint = f" For {number(given)} % type {number(given / 100)}." if most <= 1 < given <= 100 else ""
    return f"{label} must be {ends}.{hint}"
