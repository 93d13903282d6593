"""The recipe that puts something else into one cell, by overrides for its tensors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mergelab.analysis.damage.treatments import BASE, EXPERT, MEAN, RESTORES
from mergelab.recipe import Recipe, RecipeError

Values = Mapping[str, float]
OF_ONE: Mapping[str, Values] = {
    "average": {},
    "weighted_sum": {},
    "task_arithmetic": {"method.scale": 1.0},
    "ties": {"method.scale": 1.0, "method.density": 1.0},
}
"""Methods that give an expert back if all others have weight 0, with what else must be set."""


def restoring_recipe(recipe: Recipe, keys: Sequence[str], restore: str, expert: str | None = None) -> Recipe:
    """The recipe with overrides by which the tensors `keys` are those of a treatment, up to rounding; `expert` names whose.

    Overrides change the numbers of the recipe's own method. Raises RecipeError if none give such tensors. Surveys of the whole
    model are taken anew, so that thresholds elsewhere may move.
    """
    given = recipe.to_mapping()
    match = f"^(?:{'|'.join(re.escape(key) for key in keys)})$"
    more = [{"match": match, **values} for values in _overrides(recipe, restore, expert)]
    return Recipe.from_mapping({**given, "overrides": [*given.get("overrides", []), *more]})


def _overrides(recipe: Recipe, restore: str, expert: str | None) -> Iterator[Mapping[str, Any]]:
    if restore == BASE:
        yield _nothing(recipe)
    elif restore == MEAN:
        yield {**_everything(recipe, restore), **_mean(recipe)}
    elif recipe.method.name not in OF_ONE:
        raise RecipeError(_refusal(recipe, restore))
    elif expert is None:
        raise RecipeError("Choose one task: each task has an expert of its own, and a recipe gives one model.")
    else:
        yield {"weight": 0.0, **_everything(recipe, restore), **OF_ONE[recipe.method.name]}
        yield {"weight": 1.0, "model": expert}


def _nothing(recipe: Recipe) -> Values:
    """What takes the merge away."""
    if recipe.rule.per_model:
        return {"weight": 0.0}
    if "scale" in {knob.name for knob in recipe.rule.knobs}:
        return {"method.scale": 0.0}
    raise RecipeError(_refusal(recipe, BASE))


def _mean(recipe: Recipe) -> Values:
    """What makes the method an unweighted mean."""
    share = 1 / len(recipe.models)
    values = {
        "average": {"weight": 1.0},
        "weighted_sum": {"weight": share},
        "task_arithmetic": {"weight": 1.0, "method.scale": share},
    }
    if recipe.method.name not in values:
        raise RecipeError(_refusal(recipe, MEAN))
    return values[recipe.method.name]


def _everything(recipe: Recipe, restore: str) -> Values:
    """What makes the steps before the method change nothing."""
    rule = recipe.sparsifier
    can_keep = rule is None or "density" in {knob.name for knob in rule.knobs}
    if recipe.match_norms != "none" or recipe.depth_scale or not can_keep:
        raise RecipeError(_refusal(recipe, restore))
    return {"sparsify.density": 1.0} if rule else {}


def _refusal(recipe: Recipe, restore: str) -> str:
    others = " or ".join(f"“{title}”" for name, title in RESTORES.items() if name in (BASE, EXPERT) and name != restore)
    return (
        f"Overrides change numbers of a recipe, and no numbers of this one ({recipe.rule.title}) give {RESTORES[restore]} in one "
        f"place. Put back {others}, or choose Task arithmetic."
    )
