"""Short names of recipes for people: `TIES · density 0.2`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.recipe.common_values import with_common_values
from mergelab.recipe.diff import recipe_diff, settings_of
from mergelab.recipe.unused_settings import unused_settings
from mergelab.ui.form.labels import NAMED_ALWAYS
from mergelab.ui.form.method_list import short_title
from mergelab.ui.form.setting_words import EXPERT, OF, STEPS, SettingWords, selected
from mergelab.ui.form.short_names import short_names

BETWEEN = " · "
USUAL = {"seed": 0, "dtype": "base"}
WEIGHT = f"weight{OF}"


def recipe_name(recipe: Recipe, titles: Mapping[str, str] | None = None, also: Collection[str] = ()) -> str:
    """Method, sparsifier, and every setting that is not at its default: `TIES after DARE · DARE density 0.5 · TIES density 1`.

    `titles` are the names of all models that may be chosen, by reference; with them the name says which are left out. `also`
    are the paths of further settings to tell, as `recipe_diff` has them. Recipes over the same models that merge
    differently have different names.
    """
    known = short_names(titles or {})
    recipe = with_common_values(recipe)
    words, told = SettingWords(known), told_settings(recipe, also)
    steps = [_knob(path, value, recipe, words) for path, value in told.items() if path.partition(".")[0] in STEPS]
    rest = [_other(path, value, words) for path, value in told.items() if path.partition(".")[0] not in STEPS]
    return BETWEEN.join([_head(recipe), *steps, *rest, *_left_out(recipe, known)])


def names_apart(one: Recipe, other: Recipe, titles: Mapping[str, str]) -> tuple[str, str]:
    """The names of two recipes, each of which tells what differs between them."""
    differing = [each.name for each in recipe_diff(one, other) if None not in (each.one, each.other)]
    return recipe_name(one, titles, differing), recipe_name(other, titles, differing)


def told_settings(recipe: Recipe, also: Collection[str] = ()) -> dict[str, Any]:
    """The settings that a name tells, by path: those that count and are not at their default, and those in `also`."""
    found, unused = settings_of(recipe), unused_settings(recipe)
    paths = [path for path in found if path not in STEPS and not path.startswith(EXPERT)]
    return {
        path: found[path]
        for path in paths
        if path not in unused and (path in also or not _is_usual(path, found[path], recipe))
    }


def _is_usual(path: str, value: Any, recipe: Recipe) -> bool:
    if path.startswith(WEIGHT):
        weights = recipe.rule.per_model
        return weights is None or value == weights.default
    owner, _, name = path.partition(".")
    if owner in STEPS and OF not in path:
        return name not in NAMED_ALWAYS and value == _defaults(owner, recipe)[name]
    return path == "base" or USUAL.get(path) == value


def _defaults(owner: str, recipe: Recipe) -> dict[str, Any]:
    step = getattr(recipe, owner)
    return {knob.name: knob.default for knob in STEPS[owner][step.name].knobs}


def _head(recipe: Recipe) -> str:
    first = f" after {short_title(SPARSIFIERS[recipe.sparsify.name])}" if recipe.sparsify else ""
    return short_title(METHODS[recipe.method.name]) + first


def _knob(path: str, value: Any, recipe: Recipe, words: SettingWords) -> str:
    """`density 0.2`; with the step before it if both steps have such a knob."""
    owner, _, name = path.partition(".")
    other = recipe.sparsify if owner == "method" else recipe.method
    rule = STEPS[owner][getattr(recipe, owner).name]
    step = f"{short_title(rule)} " if other and name.partition(OF)[0] in other.knobs else ""
    value = selected(path, value, recipe)
    return step + _said(words.label(name), words.value(path, value), isinstance(value, str))


def _other(path: str, value: Any, words: SettingWords) -> str:
    if path.startswith(WEIGHT):
        return f"{words.model(path.removeprefix(WEIGHT))} × {words.value(path, value)}"
    return _said(words.label(path), words.value(path, value), isinstance(value, str))


def _said(label: str, value: str, in_words: bool) -> str:
    return f"{label[0].lower()}{label[1:]}{':' if in_words else ''} {value}"


def _left_out(recipe: Recipe, titles: Mapping[str, str]) -> Sequence[str]:
    """Which experts take part, or which do not, whatever is shorter; nothing if all do."""
    chosen = {expert.model for expert in recipe.models}
    there = [title for reference, title in titles.items() if reference in chosen]
    missing = [title for reference, title in titles.items() if reference not in chosen]
    if not missing or not there:
        return ()
    return (f"without {', '.join(missing)}",) if len(missing) < len(there) else (f"{', '.join(there)} only",)
