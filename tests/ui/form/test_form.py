"""From widgets to a recipe, with every complaint in words."""

from __future__ import annotations

import pytest
from ui.fake_worker import MODELS, form

from mergelab.methods import METHODS
from mergelab.methods.registry import Statistic
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import RecipeError
from mergelab.ui.form.form import KnobPlace, Models, all_knobs
from mergelab.ui.form.model_titles import short


def test_a_form_is_the_recipe_that_its_widgets_say() -> None:
    places = {place: knob.default for place, knob in all_knobs().items()}
    shown = form(
        chosen=("tiny/c", "tiny/a"),
        sparsifier="dare",
        knobs={**places, KnobPlace("method", "ties", "density"): 0.7},
        weights={"tiny/a": 0.5},
        seed=7,
        dtype="float16",
    )
    recipe = shown.recipe()
    assert [(expert.model, expert.weight) for expert in recipe.models] == [("tiny/a", 0.5), ("tiny/c", 1.0)]
    assert (recipe.base, recipe.seed, recipe.dtype) == ("tiny", 7, "float16")
    assert recipe.method.knobs["density"] == 0.7
    assert recipe.sparsify is not None
    assert recipe.sparsify.knobs["density"] == 0.1


def test_the_order_of_clicks_does_not_change_the_recipe() -> None:
    assert form(chosen=("tiny/b", "tiny/a")).recipe().digest() == form(chosen=("tiny/a", "tiny/b")).recipe().digest()


def test_weights_are_left_out_where_the_method_has_none() -> None:
    assert form(method="slerp", chosen=("tiny/a", "tiny/b"), weights={"tiny/a": 0.3}).recipe().models[0].weight == 1


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            ("tiny/a", "tiny/b", "tiny/c"),
            "SLERP merges exactly 2 experts and 3 are ticked: untick 1 under Fine-tuned models.",
        ),
        (("tiny/a",), "SLERP merges exactly 2 experts and 1 is ticked: tick 1 more under Fine-tuned models."),
    ],
)
def test_a_method_for_two_says_how_many_to_tick(chosen: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(RecipeError) as caught:
        form(method="slerp", chosen=chosen).recipe()
    assert str(caught.value) == sentence
    assert form(method="slerp", chosen=("tiny/a", "tiny/c")).recipe().method.name == "slerp"


@pytest.mark.parametrize("method", [name for name, rule in METHODS.items() if rule.wanting(Statistic)])
def test_models_without_calibration_rows_cannot_be_merged_by_a_method_that_needs_them(method: str) -> None:
    own = form(method=method)
    assert own.blocked_reason.startswith(f"{METHODS[method].title} needs calibration examples, and Expert A has none")
    assert own.recipe().method.name == method
    assert form().blocked_reason == ""


def test_a_suites_experts_bring_calibration_rows() -> None:
    suite = Models("pixels", {"pixels/fashion": "Fashion", "pixels/mnist": "MNIST"})
    assert form(models=suite, chosen=tuple(suite.titles), method="fisher").blocked_reason == ""
    assert "pixels has none" in form(models=suite, chosen=("pixels",), method="fisher").blocked_reason


def test_no_expert_is_a_sentence() -> None:
    with pytest.raises(RecipeError, match="No expert is chosen: tick at least one"):
        form(chosen=()).recipe()


def test_a_value_outside_its_range_is_refused_by_the_recipe() -> None:
    with pytest.raises(RecipeError, match=r"density of ties must be in \[0, 1\], got 7"):
        form(knobs={KnobPlace("method", "ties", "density"): 7}).recipe()


def test_typed_models_list_every_problem_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        Models.typed("  ", "\n")
    assert len(str(caught.value).splitlines()) == 2
    with pytest.raises(RecipeError, match="/a is typed more than once"):
        Models.typed("/base", "/a\n/a")
    with pytest.raises(RecipeError, match=r"inner\.yml is a recipe: this page merges models"):
        Models.typed("/base", "inner.yml")
    with pytest.raises(RecipeError, match="9 experts were typed"):
        Models.typed("/base", "\n".join(f"/{number}" for number in range(9)))


def test_typed_models_are_trimmed_and_titled_by_their_last_part() -> None:
    models = Models.typed(" /models/base ", " /models/one/ \nowner/two@main\n\n")
    assert models.base == "/models/base"
    assert dict(models.titles) == {"/models/one/": "one", "owner/two@main": "two"}
    assert short("C:\\models\\x") == "x"


def test_an_experts_place_is_its_suites_whatever_is_chosen() -> None:
    assert MODELS.places == {"tiny/a": 0, "tiny/b": 1, "tiny/c": 2}


def test_every_knob_of_every_rule_has_a_place_with_its_own_id() -> None:
    declared = [
        (owner, rule.name, knob.name)
        for owner, rules in (("method", METHODS), ("sparsify", SPARSIFIERS))
        for rule in rules.values()
        for knob in rule.knobs
        if not knob.per_model
    ]
    assert sorted((p.owner, p.rule, p.knob) for p in all_knobs()) == sorted(declared)
    assert len({place.elem_id for place in all_knobs()}) == len(declared)
