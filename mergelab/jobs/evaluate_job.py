"""The job that scores a model or a recipe's merge on task sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mergelab.checkpoints import suite_of
from mergelab.engine import merged_body, prepare
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.evaluate import evaluate as answer
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.jobs.recipe_plans import open_model, planned_recipe, read_recipe, with_calibration
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen

FEW = 10
"""Rows of each task set that warm up its model."""


def evaluate(
    model: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    suite: str | None = None,
    split: str = "validation",
    rows: int | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    tasks: Sequence[str] | None = None,
    task_files: Sequence[str | GivenTask] = (),
    head: str | None = None,
) -> ProgressGen[list[Score]]:
    """Score a model (folder, suite name or Hub id) or a recipe's merge on task sets: those of a suite, or own ones.

    With `task_files`, the suite's are scored only if `suite` or `tasks` names them; `mergelab.jobs.task_sets.own_tasks` says how they
    and `head` are written.
    """
    where = resolve(device)
    if recipe is not None:
        checked = read_recipe(recipe, models_dir)
        own, belongs = TaskFiles.of(task_files, checked, head, models_dir), suite_of(checked.base or "")
        planned = yield from planned_recipe(checked, models_dir, where, own)
        found = own.task_sets(planned.base, planned.experts)
        planned = yield from with_calibration(planned, where, found)
        body = yield from merged_body((yield from prepare(planned, where)))
    elif model is not None:
        belongs = suite_of(model)
        base = open_model(suite or belongs or "", None) if suite or belongs else None
        opened = open_model(model, models_dir, base)
        found = TaskFiles.of(task_files, None, head, models_dir).task_sets(opened, [])
        body = body_of(opened, base or opened)
    else:
        raise ValueError("name a model or a recipe to evaluate")
    named = _suite_tasks(suite or belongs, tasks) if suite or tasks or not found else []
    scores = yield from scored(body, [*named, *found], split, rows, where)
    return [replace(score, notes=task.notes) for score, task in zip(scores, [*named, *found], strict=True)]


def _suite_tasks(suite: str | None, names: Sequence[str] | None) -> list[TaskSet]:
    if not suite:
        raise ValueError(
            "name the task sets to score: --task with a file or folder of your own, or --suite with a suite such as minilm"
        )
    return chosen_tasks(suite_tasks(suite), names)


def ready_to_score(model: str, device: str = "auto") -> ProgressGen[None]:
    """Import what scoring needs and build the models of a suite's task sets, by answering a few rows of each with `model`.

    Nothing is kept on disk. The first score that a person waits for is then as quick as the later ones.
    """
    opened, suite = open_model(model, None), suite_of(model)
    yield from answer(
        body_of(opened, opened), list(suite_tasks(suite or "").values()), "validation", rows=FEW, device=resolve(device)
    )


def chosen_tasks(tasks: Mapping[str, TaskSet], names: Sequence[str] | None) -> list[TaskSet]:
    """The task sets of these names, or all of them; an unknown name is refused with the known ones."""
    for name in names or ():
        if name not in tasks:
            raise ValueError(f"this suite has no task set {name!r}. Known: {', '.join(tasks)}")
    return [task for name, task in tasks.items() if names is None or name in names]
