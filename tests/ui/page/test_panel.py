"""What the panel brings along: what it knows of the sidebar."""

from __future__ import annotations

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.ui.form.form import MOST_EXPERTS, all_knobs
from mergelab.ui.form.method_list import method_choices
from mergelab.ui.page.panel import defaults, lists, ranges


def test_the_lists_of_rules_have_a_line_for_each_choice_and_headings_for_methods() -> None:
    sent = lists()
    assert [entry.line for entry in sent["method"]] == [entry.line for entry in method_choices()]
    assert len(sent["sparsifier"]) == len(SPARSIFIERS) + 1
    assert all(entry.line for entries in sent.values() for entry in entries)


def test_whole_numbers_have_a_curve_over_the_layers_but_choices_of_an_expert_do_not() -> None:
    found = {name: (known.step, known.layered) for name, known in ranges().items()}
    assert found["knob-method-karcher-steps"] == found["knob-sparsify-consensus-min-models"] == (1, True)
    assert found["knob-method-emr-task"] == (1, False)


def test_the_browser_knows_the_default_of_every_knob_and_weight() -> None:
    assert len(defaults()) == len(all_knobs()) + MOST_EXPERTS + len(["match-norms"])
    assert all(defaults()[place.elem_id] == knob.default for place, knob in all_knobs().items())
    assert {rule.per_model.default for rule in METHODS.values() if rule.per_model} == {defaults()["weight-0"]}
