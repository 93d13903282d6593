"""Merges state dicts that are already in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mergelab.checkpoints import in_memory
from mergelab.engine.execution import merged_body
from mergelab.engine.planning.plan import Plan, Statistics, plan
from mergelab.engine.survey import prepare
from mergelab.recipe import Recipe, RecipeError
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
    something does not fit.
    """
    return finish(merged_body(finish(prepare(plan_in_memory(recipe_like, models, base, statistics)))))


def plan_in_memory(
    recipe_like: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Tensor]],
    base: Mapping[str, Tensor] | None,
    statistics: Statistics | None,
) -> Plan:
    """The plan of `merge_state_dicts` for these arguments."""
    given = {key: value for key, value in recipe_like.items() if key != "base"}
    recipe = Recipe.from_mapping(given, models=list(models))
    for expert in recipe.models:
        if expert.model not in models:
            raise RecipeError(f"the recipe names {expert.model!r}, but models holds {', '.join(map(repr, models))}")
    frame = in_memory("base", base) if base is not None else None
    experts = [in_memory(expert.model, models[expert.model]) for expert in recipe.models]
    return plan(recipe, frame, experts, statistics)
