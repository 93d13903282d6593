"""Starting points: the stories, the presets, and the preset that the page opens with."""

from __future__ import annotations

from mergelab.recipe import Recipe, RecipeError, Step
from mergelab.recipe.presets import Preset, presets
from mergelab.ui.form.form import Form
from mergelab.ui.form.method_list import Entry
from mergelab.ui.form.stories import parameters, stories
from mergelab.ui.form.texts.link import link_of

__all__ = ["FIRST", "GROUPS", "Preset", "preset_label", "presets", "starting_points", "title_fitting"]

FIRST = "paper: TIES"
CUSTOM = "Custom recipe"
SOURCES = {"paper": "in the paper"}
"""Where a preset comes from, in words; a package goes by its own name."""
GROUPS = ("Guided examples", "Presets (keep your models, set the method)")


def starting_points() -> list[Entry]:
    """The entries of “Preset”: stories, then presets, each group under its heading."""
    told = [Entry(title, title, GROUPS[0], story.line) for title, story in stories().items()]
    return [*told, *(Entry(title, words(title), GROUPS[1], preset.cites) for title, preset in presets().items())]


def words(title: str) -> str:
    """The title of a preset as the page writes it: `paper: TIES` becomes `TIES as in the paper`."""
    source, _, rest = title.partition(": ")
    return f"{rest} as {SOURCES.get(source, f'in {source}')}" if rest else title


def preset_label(form: Form) -> str:
    """The preset or story that a form is, or the preset that it was made of by turning knobs."""
    fitting = title_fitting(form)
    if fitting:
        return words(fitting)
    try:
        recipe = form.recipe()
    except RecipeError:
        return CUSTOM
    alike = [(_differing(recipe, preset), title) for title, preset in presets().items() if _same_rules(recipe, preset)]
    return f"{words(min(alike)[1])}, edited" if alike else CUSTOM


def _same_rules(recipe: Recipe, preset: Preset) -> bool:
    return [step and step.name for step in _steps(recipe)] == [step and step.name for step in _steps(preset.recipe)]


def _differing(recipe: Recipe, preset: Preset) -> int:
    """How many knobs a recipe has turned from a preset of the same method and sparsifier."""
    pairs = zip(_steps(recipe), _steps(preset.recipe), strict=True)
    return sum(one.knobs[name] != other.knobs[name] for one, other in pairs if one and other for name in one.knobs)


def _steps(recipe: Recipe) -> tuple[Step | None, Step | None]:
    return recipe.method, recipe.sparsify


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
