"""What stands in a cell instead of the merged tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from mergelab.engine import Plan, PreparedMerge, merge_tensor
from mergelab.evaluation.tasks import TaskError, TaskSet
from mergelab.recipe import Expert, Recipe, RecipeError, Step

EXPERT, MEAN, BASE = "expert", "mean", "base"
RESTORES = {MEAN: "the experts’ mean", EXPERT: "the task’s own expert", BASE: "the base"}
"""Whose tensors may be put into a cell, and how a sentence calls them."""


@dataclass(frozen=True)
class Treatment:
    """`read` gives the tensor that stands at one of the plan's keys, in the merged model's dtype; `tasks` are asked with it."""

    read: Callable[[str], Tensor]
    tasks: tuple[TaskSet, ...]


def treatments(plan: Plan, restore: str, tasks: Sequence[TaskSet], device: str) -> list[Treatment]:
    """One treatment for all tasks, or one for each expert if every task gets its own back.

    Raises RecipeError for a base that the recipe lacks, and TaskError for a task that none of the experts answers.
    """
    if restore == BASE:
        if plan.recipe.base is None:
            raise RecipeError("this recipe has no base that could be put back: restore the experts’ mean instead")
        return [Treatment(lambda key: plan.base.read(key).to(plan.specs[key].dtype), tuple(tasks))]
    if restore == MEAN:
        return [Treatment(_average(plan, range(len(plan.experts)), device), tuple(tasks))]
    names = [expert.name for expert in plan.experts]
    strangers = [task for task in tasks if task.head not in names]
    if strangers:
        raise TaskError(
            f"{strangers[0].title} is no task of an expert in this recipe, so there is nothing to put back for it: leave it "
            "out, or restore the experts’ mean"
        )
    asked = {name: tuple(task for task in tasks if task.head == name) for name in names}
    return [Treatment(_average(plan, [place], device), asked[name]) for place, name in enumerate(names) if asked[name]]


def _average(plan: Plan, places: Sequence[int], device: str) -> Callable[[str], Tensor]:
    """The unweighted mean of these experts; of a single one, its own tensors."""
    chosen = [plan.positions[place] for place in places]
    order = sorted(chosen)
    averaging = replace(
        plan,
        recipe=_plain_average(plan.recipe, [plan.recipe.models[position].model for position in order]),
        experts=tuple(plan.experts[place] for place in places),
        expert_keys=tuple(plan.expert_keys[place] for place in places),
        positions=tuple(order.index(position) for position in chosen),
        statistics={},
    )
    prepared = PreparedMerge.unsurveyed(averaging, device)
    return lambda key: merge_tensor(prepared, key)


def _plain_average(recipe: Recipe, models: Sequence[str]) -> Recipe:
    return replace(
        recipe,
        models=tuple(Expert(model) for model in models),
        method=Step("average"),
        sparsify=None,
        overrides=(),
        match_norms="none",
        depth_scale=(),
    )
