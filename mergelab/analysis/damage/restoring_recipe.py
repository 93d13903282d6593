"""The recipe that puts something else into one cell, by overrides for its tensors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
    values = _VALUES[restore](recipe)
    if values is None:
        raise RecipeError(_refusal(recipe, restore))
    if restore == EXPERT and expert is None:
        raise RecipeError("Choose one task: each task has an expert of its own, and a recipe gives one model.")
    given = recipe.to_mapping()
    match = f"^(?:{'|'.join(re.escape(key) for key in keys)})$"
    own: list[Mapping[str, Any]] = [{"weight": 1.0, "model": expert}] if restore == EXPERT else []
    more = [{"match": match, **each} for each in (values, *own)]
    return Recipe.from_mapping({**given, "overrides": [*given.get("overrides", []), *more]})


def _no_merge(recipe: Recipe) -> Values | None:
    """What takes the merge away; None if no number does."""
    if recipe.base is None:
        return None
    if recipe.rule.per_model:
        return {"weight": 0.0}
    return {"method.scale": 0.0} if "scale" in {knob.name for knob in recipe.rule.knobs} else None


def _mean(recipe: Recipe) -> Values | None:
    """What makes the recipe an unweighted mean."""
    share = 1 / len(recipe.models)
    values = {
        "average": {"weight": 1.0},
        "weighted_sum": {"weight": share},
        "task_arithmetic": {"weight": 1.0, "method.scale": share},
    }
    return _with_all_changes(recipe, values.get(recipe.method.name))


def _no_expert(recipe: Recipe) -> Values | None:
    """What leaves every expert out, so that the one that comes back decides alone."""
    values = OF_ONE.get(recipe.method.name)
    return _with_all_changes(recipe, None if values is None else {"weight": 0.0, **values})


def _with_all_changes(recipe: Recipe, values: Values | None) -> Values | None:
    """The same, with what makes the steps before the method change nothing; None if no number does."""
    rule = recipe.sparsifier
    can_keep = rule is None or "density" in {knob.name for knob in rule.knobs}
    if values is None or recipe.match_norms != "none" or recipe.depth_scale or not can_keep:
        return None
    return {**values, "sparsify.density": 1.0} if rule else values


_VALUES: Mapping[str, Callable[[Recipe], Values | None]] = {MEAN: _mean, EXPERT: _no_expert, BASE: _no_merge}


def _refusal(recipe: Recipe, restore: str) -> str:
    others = [f"“{RESTORES[name]}”" for name, values in _VALUES.items() if values(recipe) is not None]
    instead = f"Put back {' or '.join(others)}, or choose" if others else "Choose"
    return (
        f"Overrides change numbers of a recipe, and no numbers of this one ({recipe.rule.title}) give {RESTORES[restore]} in one "
        f"place. {instead} Task arithmetic without further steps."
    )
