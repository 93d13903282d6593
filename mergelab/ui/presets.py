"""What the page starts from: the presets, and the one that it opens on."""

from __future__ import annotations

from mergelab.presets import Preset, presets
from mergelab.recipe import RecipeError
from mergelab.ui.form import Form

__all__ = ["FIRST", "Preset", "presets", "title_fitting"]

FIRST = "paper: TIES"


def title_fitting(form: Form) -> str | None:
    """The first preset with the form's two stages, or None: so the list never names one that is no longer there."""
    try:
        recipe = form.recipe()
    except RecipeError:
        return None
    stages = recipe.method, recipe.sparsify
    fits = (title for title, preset in presets().items() if (preset.recipe.method, preset.recipe.sparsify) == stages)
    return next(fits, None)
