"""From a plain recipe to a plan: opens its models and computes the calibration statistics that its method needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from mergelab.checkpoints import Checkpoint, CheckpointError, SuitePrefetch, load_suite, open_checkpoint, suite_of
from mergelab.checkpoints.files.phrases import listed
from mergelab.engine import MergeError, Plan, plan, prepare, prepare_steps, sparse_expert, with_statistics
from mergelab.engine.nesting.merged_checkpoint import MergedCheckpoint, merged_checkpoint
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.tasks import TaskError, TaskSet, suite_tasks
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_GIVE
from mergelab.jobs.merging.merged_files import merged_files
from mergelab.jobs.task_sets.own_tasks import NO_TASKS, TaskFiles
from mergelab.methods.registry import Statistic
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.nesting import told_inside
from mergelab.recipe.recipe_files import with_recipe_files
from mergelab.runtime import portable
from mergelab.runtime.progress import Progress, ProgressGen

CALIBRATION_ROWS = 512
"""Maximum number of calibration examples per expert, taken from its task set."""
WAIT = 0.1
"""Seconds between two reports while a model is unpacked."""


def read_recipe(given: Mapping[str, Any], models_dir: str | None) -> Recipe:
    """The checked recipe of a mapping, with the recipe files that it names as models read."""
    return Recipe.from_mapping(with_recipe_files(given, Path(models_dir) if models_dir else None))


def planned_recipe(
    recipe: Recipe, models_dir: str | None, device: str = "cpu", tasks: TaskFiles = NO_TASKS
) -> ProgressGen[Plan]:
    """The plan of a recipe, whose models are opened here; with `models_dir`, only models in that folder are.

    Models that are recipes are merged once, on `device`, with the calibration rows of the `tasks` of their experts. Errors in
    them name the place.
    """
    return (yield from Planning(models_dir, device, tasks).planned(recipe))


@dataclass(frozen=True)
class Planning:
    """Plans recipes as `planned_recipe` does. Each model is opened once, however many recipes name it."""

    models_dir: str | None
    device: str
    tasks: TaskFiles
    opened: dict[tuple[str, Checkpoint | None], Checkpoint] = field(default_factory=dict)
    """Models by name and, because adapters depend on it, by base."""
    merged: dict[str, MergedCheckpoint] = field(default_factory=dict)
    """The merges of inner recipes by name: what occurs twice is merged once."""

    def planned(self, recipe: Recipe) -> ProgressGen[Plan]:
        """The plan of a recipe. Those of several recipes share their models, so the names in them must mean the same."""
        names = [*([recipe.base] if recipe.base else []), *(expert.model for expert in recipe.models)]
        opened = list[Checkpoint]()
        with SuitePrefetch(names) as unpacking:
            for name in names:
                opening = Progress("Opening the models", len(opened), len(names), name, "models")
                yield opening
                while unpacking.waits(name, WAIT):
                    yield opening
                opened.append((yield from self._opened(recipe, name, opened)))
        yield Progress("Opening the models", len(names), len(names), "", "models")
        base, experts = (opened[0], opened[1:]) if recipe.base else (None, opened)
        return plan(recipe, base, experts)

    def _opened(self, recipe: Recipe, model: str, before: Sequence[Checkpoint]) -> ProgressGen[Checkpoint]:
        """The next model of a recipe, whose base comes first; `before` are those that are open."""
        if model not in recipe.nested:
            return self._open(model, before[0] if before and recipe.base else None)
        try:
            if model not in self.merged:
                self.merged[model] = yield from self._merged(model, recipe.nested[model])
            return self.merged[model]
        except (CheckpointError, RecipeError, MergeError, TaskError) as error:
            number = len(before) + (not recipe.base)
            raise type(error)(told_inside(f"model {number}" if number else "the base", error)) from error

    def _open(self, model: str, base: Checkpoint | None) -> Checkpoint:
        if (model, base) not in self.opened:
            self.opened[model, base] = open_model(model, self.models_dir, base)
        return self.opened[model, base]

    def _merged(self, name: str, recipe: Recipe) -> ProgressGen[MergedCheckpoint]:
        planned = yield from self.planned(recipe)
        tasks = self.tasks.task_sets(planned.base, planned.experts, inner=True)
        prepared = yield from prepare((yield from with_calibration(planned, self.device, tasks)), self.device)
        files = merged_files(planned)
        return (yield from merged_checkpoint(name, prepared, files.config, files.folder, files.owner))


def open_model(reference: str, models_dir: str | None, base: Checkpoint | None = None) -> Checkpoint:
    """Open a model; adapters and packed experts are opened with `base`."""
    return open_checkpoint(reference, models_dir=Path(models_dir) if models_dir else None, base=base)


def with_calibration(planned: Plan, device: str, tasks: Sequence[TaskSet] = ()) -> ProgressGen[Plan]:
    """The plan with the calibration statistics that its method needs, computed on the experts after the earlier steps.

    The rows are those of the task set in `tasks` that an expert answers, or else of its suite's.
    """
    recipe = planned.recipe
    kinds = {mark.kind for mark in recipe.rule.wanting(Statistic).values()}
    if not kinds:
        return planned
    from mergelab.evaluation.calibration import Experts, take_statistics

    device = "cpu" if portable.asked() else device  # portable mode does not cover GPUs
    chosen = [expert_task(expert, recipe.method.name, tasks) for expert in planned.experts]
    prepared = yield from prepare_steps(planned, device)

    def body(place: int) -> ProgressGen[dict[str, Tensor]]:
        if prepared.steps:
            return (yield from sparse_expert(prepared, place))
        return body_of(planned.experts[place], planned.base)

    experts = Experts(
        names=[expert.name for expert in planned.experts],
        tasks=chosen,
        base=lambda: body_of(planned.base, planned.base),
        body=body,
        keys=planned.keys,
        tied=planned.compatibility.tied,
        knobs=recipe.method.knobs,
        rows=CALIBRATION_ROWS,
        seed=recipe.seed,
        device=device,
    )
    return with_statistics(planned, (yield from take_statistics(kinds, experts)))


def expert_task(expert: Checkpoint, method: str, tasks: Sequence[TaskSet] = ()) -> TaskSet:
    """The task set in `tasks` that an expert answers, or else the one that an expert of a suite was trained for."""
    own = [task for task in tasks if task.head == expert.name]
    if len(own) > 1:
        raise TaskError(
            f"{method} takes one task set per expert, but {expert.name} has {listed([task.name for task in own])}; leave one out"
        )
    suite = suite_of(expert.name)
    if own:
        return own[0]
    if suite is None or not has_task(expert):
        raise CheckpointError(
            f"{method} needs calibration examples for {expert.name}, which is no expert of a suite; give it a task set {HOW_TO_GIVE} "
            f"(--task {expert.name}=FILE); in Python, use merge_state_dicts with statistics="
        )
    return suite_tasks(suite)[load_suite(suite).experts[expert.name.split("/", 1)[1]].task]


def has_task(expert: Checkpoint) -> bool:
    """Whether the model is an expert of a suite, which has a task set."""
    return suite_of(expert.name) is not None and "/" in expert.name
