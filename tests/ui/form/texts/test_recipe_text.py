"""A text becomes the form that says the same; what the page does not show is kept, and named."""

from __future__ import annotations

import re

import pytest
from ui.fake_worker import form

from mergelab.recipe import Recipe, RecipeError
from mergelab.ui.form.form import Form, KnobPlace
from mergelab.ui.form.texts.recipe_text import NO_BASE, REORDERED, read_recipe_text

BEFORE = form(device="cpu", rows=50, live=False)
WHOLE = """
base: /models/base
models:
- {model: /models/one, weight: 0.5, sparsify.density: 0.3}
- {model: owner/two@main, weight: 1.5}
include: [layer]
exclude: [norm, embed]
sparsify: {name: dare, density: 0.4, rescale: none}
method: {name: ties, scale: 0.7}
overrides:
- {match: "", scale: [0.1, 0.9]}
- {match: "", model: /models/one, weight: [1, 0.25, 0]}
- {match: mlp, layers: [0, 2], sparsify.density: 0.1, scale: 0.5}
match_norms: tensor
depth_scale: [1, 0.5, 1]
tokenizer: union
chat_template: owner/two@main
seed: 7
dtype: bfloat16
"""
CONFIG = """
merge_method: task_arithmetic
base_model: pixels
models:
- {model: pixels/mnist, parameters: {weight: [0.2, 0.8]}}
- {model: pixels/fashion, parameters: {weight: 0.5}}
"""


def opened(text: str) -> tuple[Form, tuple[str, ...]]:
    read = read_recipe_text(text)
    return read.form(read.models(3), BEFORE)


def test_every_field_of_a_recipe_comes_back_as_the_form_writes_it() -> None:
    shown, notes = opened(WHOLE)
    assert shown.recipe() == Recipe.from_yaml(WHOLE)
    assert (shown.device, shown.rows, shown.live) == ("cpu", 50, False), "what no recipe says stays"
    assert shown.knobs[KnobPlace("sparsify", "dare", "density")] == 0.4
    assert shown.own_knobs == {"/models/one": {"knob-sparsify-dare-density": 0.3}}
    assert shown.depth_scale == (1.0, 0.5, 1.0)
    assert [sentence for sentence in notes if "layers 0 to 1" in sentence], "a part of the model is named"


def test_a_mergekit_config_of_a_suite_chooses_its_experts_and_keeps_its_gradient() -> None:
    shown, notes = opened(CONFIG)
    assert (shown.models.base, set(shown.chosen)) == ("pixels", {"pixels/mnist", "pixels/fashion"})
    (entry,) = shown.layer_entries
    assert (entry.match, entry.model, entry.values) == ("", "pixels/mnist", {"weight": (0.2, 0.8)})
    assert REORDERED in notes
    assert shown.recipe().models[0].model == "pixels/fashion"


def test_a_config_in_json_is_known_by_its_key() -> None:
    shown, _ = opened(
        '{"merge_method": "linear", "base_model": "pixels", "models": [{"model": "pixels/mnist", "parameters": {"weight": 1}}, {"model": "pixels", "parameters": {"weight": 0}}]}'
    )
    assert shown.chosen == ("pixels/mnist",)


def test_only_models_outside_of_the_suites_are_asked_about() -> None:
    assert read_recipe_text(WHOLE).outside == ("/models/base", "/models/one", "owner/two@main")
    assert read_recipe_text(CONFIG).outside == ()


def test_a_number_that_counts_experts_follows_them_into_the_suites_order() -> None:
    shown, _ = opened("base: pixels\nmodels: [pixels/mnist, pixels/fashion]\nmethod: {name: emr, task: 1}")
    assert list(shown.models.titles)[:2] == ["pixels/fashion", "pixels/mnist"]
    assert shown.knobs[KnobPlace("method", "emr", "task")] == 2, "still the digits"


def test_a_model_that_is_a_recipe_is_kept_and_named() -> None:
    text = (
        "base: /b\nmethod: average\nmodels:\n"
        "- /a\n- model: {recipe: {base: /b, models: [/c, /d], method: {name: task_arithmetic, scale: 0.5}}}\n"
    )
    shown, notes = opened(text)
    assert shown.recipe() == Recipe.from_yaml(text)
    assert "Task arithmetic of c, d" in shown.models.titles.values()
    assert any("is itself the merge of a recipe" in sentence for sentence in notes)
    assert read_recipe_text(text).outside == ("/b", "/a", "/c", "/d")


def test_models_with_the_same_last_part_are_told_apart() -> None:
    shown, _ = opened("base: /b\nmethod: average\nmodels: [/run1/last, /run2/last]\n")
    assert list(shown.models.titles.values()) == ["run1/last", "run2/last"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \n", "The text is empty"),
        ("base: pixels\nmodels: [pixels/mnist]\nmethod: tie", "Did you mean|did you mean|ties"),
        ("base: pixels\nmodels: [pixels/mnist\nmethod: ties", "line 3"),
        ("models: [/a, /b]\nmethod: average", re.escape(NO_BASE)),
        ("base: /b\nmodels: [/a.yml]\nmethod: average", "is a recipe file, and the page does not read it"),
        ("base: /b\nmethod: average\nmodels: [" + ", ".join(f"/{n}" for n in range(9)) + "]", "9 experts"),
        ("method: stack\nslices: []", "slices must list at least one"),
    ],
)
def test_what_the_page_cannot_open_is_refused_with_the_rule(text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        opened(text)
