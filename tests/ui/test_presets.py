"""Presets are recipes that pass the recipe's own checks."""

from __future__ import annotations

from mergelab.ui.presets import FIRST, presets


def test_every_preset_is_a_checked_recipe_that_cites_its_source() -> None:
    assert FIRST in presets()
    for title, preset in presets().items():
        assert preset.cites
        assert preset.recipe.method.name
        assert title == preset.title


def test_the_first_preset_is_the_papers_default() -> None:
    recipe = presets()[FIRST].recipe
    assert recipe.method.name == "ties"
    assert recipe.method.knobs["density"] == 0.2
