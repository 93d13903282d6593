"""The job that scores a model or a recipe's merge on the task sets of a suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mergelab.checkpoints import suite_of
from mergelab.engine import merged_body, prepare
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.evaluate import evaluate as answer
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.jobs.recipe_plans import open_model, planned_recipe, read_recipe, with_calibration
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
) -> ProgressGen[list[Score]]:
    """Score a model (folder, suite name or Hub id) or a recipe's merge on the task sets of a suite."""
    where = resolve(device)
    if recipe is not None:
        checked = read_recipe(recipe, models_dir)
        planned = yield from with_calibration((yield from planned_recipe(checked, models_dir, where)), where)
        body = yield from merged_body((yield from prepare(planned, where)))
        suite = suite or suite_of(checked.base or "")
    elif model is not None:
        suite = suite or suite_of(model)
        base = open_model(suite, None) if suite else None
        opened = open_model(model, models_dir, base)
        body = body_of(opened, base or opened)
    else:
        raise ValueError("name a model or a recipe to evaluate")
    if not suite:
        raise ValueError("name the suite whose task sets to score, for example --suite minilm")
    return (yield from scored(body, chosen_tasks(suite_tasks(suite), tasks), split, rows, where))


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
