"""Merges state dicts that are already in memory."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from mergelab.checkpoints import Checkpoint, CheckpointError, in_memory
from mergelab.engine.execution import merged_model
from mergelab.engine.planning.plan import Plan, Statistics, plan
from mergelab.engine.reading.finite_check import MergeError
from mergelab.engine.survey import prepare
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.nesting import told_inside
from mergelab.runtime.merge_note import MergeNote
from mergelab.runtime.progress import finish


def merge_state_dicts(
    recipe_like: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Tensor]],
    base: Mapping[str, Tensor] | None = None,
    statistics: Statistics | None = None,
) -> dict[str, Tensor]:
    """Merge state dicts that are already in memory.

    `recipe_like` is a recipe's mapping, such as `{"method": {"name": "ties", "density": 0.2}}`. Without `models` in it,
    all of `models` take part with weight 1. `statistics` holds the calibration statistics that a method needs, for
    example `{"fisher": {name: {key: tensor}}}`. Inputs are not changed. The result has the base's keys and, unless the
    recipe says otherwise, its dtypes. Raises ValueError (RecipeError, CheckpointError, MergeError) with the reason if
    something does not fit. A model in the recipe may be a recipe, `{"recipe": {…}}`, over the same `models` and `base`.

    What was left out, taken from the base, renamed or rounded is told by one `MergeNote` warning per sentence, also for
    recipes inside the recipe. Warnings, because a caller hears them without asking, while the result stays a plain dict
    that `torch.save` and `load_state_dict` take. `warnings.simplefilter("ignore", MergeNote)` silences them, and
    `"error"` refuses every merge with a note.
    """
    prepared = finish(prepare(plan_in_memory(recipe_like, models, base, statistics)))
    merged = finish(merged_model(prepared))
    for note in (*prepared.plan.notes, *merged.remarks):
        warnings.warn(note, MergeNote, stacklevel=2)
    return merged.tensors


def plan_in_memory(
    recipe_like: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Tensor]],
    base: Mapping[str, Tensor] | None,
    statistics: Statistics | None,
) -> Plan:
    """The plan of `merge_state_dicts` for these arguments."""
    nested = isinstance(recipe_like.get("base"), Mapping)
    given = {key: value for key, value in recipe_like.items() if key != "base" or nested}
    return _States(models, base, statistics).plan(Recipe.from_mapping(given, models=list(models)))


@dataclass(frozen=True)
class _States:
    """The state dicts that recipes name; the base is the same for a recipe and the recipes in it, unless one names another."""

    models: Mapping[str, Mapping[str, Tensor]]
    base: Mapping[str, Tensor] | None
    statistics: Statistics | None

    def plan(self, recipe: Recipe) -> Plan:
        experts = [
            self._opened(expert.model, f"model {place}", recipe) for place, expert in enumerate(recipe.models, 1)
        ]
        return plan(recipe, self._base(recipe), experts, self.statistics)

    def _base(self, recipe: Recipe) -> Checkpoint | None:
        if recipe.base in recipe.nested or recipe.base in self.models:
            return self._opened(str(recipe.base), "the base", recipe)
        return in_memory("base", self.base) if self.base is not None else None

    def _opened(self, model: str, place: str, recipe: Recipe) -> Checkpoint:
        if model in recipe.nested:
            return self._merged(model, place, recipe.nested[model])
        if model not in self.models:
            raise RecipeError(f"the recipe names {model!r}, but models holds {', '.join(map(repr, self.models))}")
        return in_memory(model, self.models[model])

    def _merged(self, name: str, place: str, recipe: Recipe) -> Checkpoint:
        try:
            prepared = finish(prepare(self.plan(recipe)))
            merged = finish(merged_model(prepared))
            told = (*prepared.plan.notes, *merged.remarks)
            return replace(in_memory(name, merged.tensors), remarks=tuple(f"in {place}: {note}" for note in told))
        except (CheckpointError, RecipeError, MergeError) as error:
            raise type(error)(told_inside(place, error)) from error
