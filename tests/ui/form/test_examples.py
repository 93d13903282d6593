"""The page opens on a preset and offers them all."""

from __future__ import annotations

import pytest
from ui.fake_worker import form

from mergelab.recipe import presets as home
from mergelab.ui.form.examples import FIRST, Preset, preset_label, presets, title_fitting
from mergelab.ui.form.form import NO_SPARSIFIER, KnobPlace


def test_the_page_reads_the_presets_from_their_one_place() -> None:
    assert presets is home.presets


def test_the_first_preset_is_the_papers_default() -> None:
    recipe = presets()[FIRST].recipe
    assert recipe.method.name == "ties"
    assert recipe.method.knobs["density"] == 0.2


@pytest.mark.parametrize("preset", presets().values(), ids=lambda preset: preset.title)
def test_a_form_names_the_preset_that_it_is(preset: Preset) -> None:
    stages = [("method", preset.recipe.method), ("sparsify", preset.recipe.sparsify)]
    knobs = {
        KnobPlace(owner, step.name, name): value for owner, step in stages if step for name, value in step.knobs.items()
    }
    sparsifier = preset.recipe.sparsify.name if preset.recipe.sparsify else NO_SPARSIFIER
    fitting = title_fitting(form(method=preset.recipe.method.name, sparsifier=sparsifier, knobs=knobs))
    assert fitting is not None
    assert (presets()[fitting].recipe.method, presets()[fitting].recipe.sparsify) == (stages[0][1], stages[1][1])


def test_no_preset_is_named_where_none_fits() -> None:
    assert title_fitting(form(knobs={KnobPlace("method", "ties", "density"): 0.21})) is None
    assert title_fitting(form(chosen=())) is None


@pytest.mark.parametrize(
    ("turned", "label"),
    [
        ({}, "TIES as in the paper"),
        ({"density": 0.21}, "TIES as in the paper, edited"),
        ({"scope": "tensor", "weigh": "after", "zero_sign": "positive", "density": 0.3}, "ties as in PEFT, edited"),
    ],
)
def test_a_preset_that_was_changed_says_so(turned: dict[str, object], label: str) -> None:
    knobs = {KnobPlace("method", "ties", name): value for name, value in turned.items()}
    assert preset_label(form(knobs=knobs)) == label


def test_a_recipe_of_another_method_than_every_preset_is_a_custom_one() -> None:
    assert preset_label(form(method="median")) == "Custom recipe"
    assert preset_label(form(chosen=())) == "Custom recipe"
