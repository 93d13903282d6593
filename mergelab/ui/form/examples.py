"""What the page starts from: the stories, the presets, and the one that it opens on."""

from __future__ import annotations

from mergelab.recipe import RecipeError
from mergelab.recipe.presets import Preset, presets
from mergelab.ui.form.form import Form
from mergelab.ui.form.link import link_of
from mergelab.ui.form.method_list import Entry
from mergelab.ui.form.stories import parameters, stories

__all__ = ["FIRST", "GROUPS", "Preset", "presets", "starting_points", "title_fitting"]

FIRST = "paper: TIES"
GROUPS = ("Stories: models, knobs and what to notice", "Presets: method and knobs, your models")


def starting_points() -> list[Entry]:
    """The list “Start from”: stories, then presets, each group under its heading."""
    told = [Entry(title, title, GROUPS[0], story.line) for title, story in stories().items()]
    return [*told, *(Entry(title, title, GROUPS[1], preset.cites) for title, preset in presets().items())]


def title_fitting(form: Form) -> str | None:
    """The first preset with the form's two stages, else the story with its recipe, or None: so the list never names one
    that is no longer there."""
    try:
        recipe = form.recipe()
    except RecipeError:
        return None
    query = parameters(link_of(recipe, form.models, None).query)
    told = (title for title, story in stories().items() if story.recipe == query)
    stages = recipe.method, recipe.sparsify
    fits = (title for title, preset in presets().items() if (preset.recipe.method, preset.recipe.sparsify) == stages)
    return next(fits, None) or next(told, None)
