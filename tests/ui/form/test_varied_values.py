"""Values that differ are named by widgets: those of a rule that is not chosen wait for it."""

from __future__ import annotations

from ui.fake_worker import form

from mergelab.ui.form.varied_values import (
    kept_for_later,
    own_kept_for_later,
    read_entries,
    read_own_values,
    read_ramp,
    told,
)
from mergelab.ui.messages import LayerEntry

CURVE = LayerEntry("", {"knob-method-ties-density": [0.1, 0.9]})
ONE_EXPERTS = LayerEntry("mlp", {"weight": 0.5}, "tiny/c", (0, 2))


def test_what_is_kept_as_text_comes_back() -> None:
    assert read_entries(told((CURVE, ONE_EXPERTS))) == (CURVE, ONE_EXPERTS)
    assert read_own_values(told({"tiny/a": {"knob-method-ties-density": 0.5}})) == {
        "tiny/a": {"knob-method-ties-density": 0.5}
    }
    assert read_ramp(told((1.0, 0.5))) == (1.0, 0.5)
    assert (read_entries(""), read_own_values(""), read_ramp("")) == ((), {}, ())


def test_the_recipe_has_the_values_of_chosen_rules_and_chosen_experts() -> None:
    everything = form(layer_entries=(CURVE, ONE_EXPERTS)).recipe()
    assert [override.to_mapping() for override in everything.overrides] == [
        {"match": "", "density": [0.1, 0.9]},
        {"match": "mlp", "layers": [0, 2], "model": "tiny/c", "weight": 0.5},
    ]
    assert (
        form(layer_entries=(CURVE, ONE_EXPERTS), chosen=("tiny/a", "tiny/b")).recipe().overrides
        == (everything.overrides[:1])
    )
    assert form(layer_entries=(CURVE,), method="task_arithmetic").recipe().overrides == ()


def test_an_experts_own_value_is_in_the_recipe_while_its_rule_is_chosen() -> None:
    own = {"tiny/b": {"knob-method-ties-density": 0.5}}
    assert form(own_knobs=own).recipe().models[1].knobs == {"density": 0.5}
    assert form(own_knobs=own, method="average").recipe().models[1].knobs == {}


def test_curves_of_other_rules_are_kept_for_later() -> None:
    both = LayerEntry("", {"knob-method-ties-density": 0.3, "knob-method-sce-density": 0.4})
    kept = list(kept_for_later((CURVE, both, ONE_EXPERTS), form().spellings))
    assert kept == [LayerEntry("", {"knob-method-sce-density": 0.4})]


def test_experts_own_values_of_other_rules_are_kept_for_later() -> None:
    own = {
        "tiny/a": {"knob-method-ties-density": 0.3, "knob-method-sce-density": 0.4},
        "tiny/b": {"knob-method-ties-density": 0.5},
    }
    assert own_kept_for_later(own, form().spellings) == {"tiny/a": {"knob-method-sce-density": 0.4}}
