"""Starting points: the stories, the presets, and the preset that the page opens with."""

from __future__ import annotations

from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.presets import Preset, presets
from mergelab.ui.form.form import Form
from mergelab.ui.form.link import link_of
from mergelab.ui.form.method_list import Entry
from mergelab.ui.form.stories import parameters, stories

__all__ = ["FIRST", "GROUPS", "Preset", "presets", "starting_points", "title_fitting"]

FIRST = "paper: TIES"
GROUPS = ("Guided examples", "Presets (keep your models, set the method)")


def starting_points() -> list[Entry]:
    """The entries of “Start from”: stories, then presets, each group under its heading."""
    told = [Entry(title, title, GROUPS[0], story.line) for title, story in stories().items()]
    return [*told, *(Entry(title, title, GROUPS[1], preset.cites) for title, preset in presets().items())]


def title_fitting(form: Form) -> str | None:
    """The first preset with the form's method and sparsifier, else the story with its recipe, else None. So the list never
    names a preset that the form no longer matches."""
    try:
        recipe = form.recipe()
    except RecipeError:
        return None
    query = parameters(link_of(recipe, form.models, None).query)
    told = (title for title, story in stories().items() if story.recipe == query)
    fits = (title for title, preset in presets().items() if _says_the_same(preset.recipe, recipe))
    return next(fits, None) or next(told, None)


def _says_the_same(preset: Recipe, recipe: Recipe) -> bool:
    """Whether a recipe merges as a preset does, everywhere and with every expert."""
    said, wanted = (
        (one.method, one.sparsify, one.overrides, one.match_norms, one.depth_scale) for one in (recipe, preset)
    )
    return said == wanted and not any(expert.knobs for expert in recipe.models)
