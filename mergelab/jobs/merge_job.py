"""The job that merges in memory and scores the result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mergelab.checkpoints import suite_of
from mergelab.engine import Plan, merged_model, prepare
from mergelab.evaluation.evaluate import Score, body_of
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.jobs.evaluate_job import chosen_tasks
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe, with_calibration
from mergelab.jobs.sketch_job import recalled_sketch
from mergelab.recipe import Recipe
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen

if TYPE_CHECKING:  # pandas takes a while to import
    from mergelab.analysis.preview import Preview


@dataclass(frozen=True)
class Run:
    """A merge and its measurements.

    `references` holds, by model, the base's scores on all tasks and each expert's score on its own task.
    """

    recipe: dict[str, Any]
    digest: str
    scores: list[Score]
    references: dict[str, list[Score]]
    preview: Preview
    split: str
    device: str
    seconds: float
    parameters: int
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def merge(
    recipe: Mapping[str, Any],
    tasks: Sequence[str] | None = None,
    split: str = "validation",
    rows: int | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    counted: bool = True,
) -> ProgressGen[Run]:
    """Merge in memory and score the result on the suite's task sets (all, or those named in `tasks`).

    If the base is not from a suite, there are no scores. With `counted`, the preview is exact (counted on tensors).
    """
    from mergelab.analysis.preview import exact_preview, preview

    started = time.monotonic()
    checked, where = read_recipe(recipe, models_dir), resolve(device)
    planned = yield from with_calibration((yield from planned_recipe(checked, models_dir, where)), where)
    prepared = yield from prepare(planned, where)
    body, remarks = yield from merged_model(prepared)
    chosen = _tasks_of(checked, tasks)
    scores = yield from scored(body, chosen, split, rows, where)
    references = yield from _references(planned, chosen, split, rows, where)
    drawn = yield from recalled_sketch(planned, where)
    counts = (yield from exact_preview(prepared, drawn)) if counted else None
    return Run(
        checked.to_mapping(),
        checked.digest(),
        scores,
        references,
        counts or preview(drawn, checked),
        split,
        where,
        time.monotonic() - started,
        planned.parameters,
        notes=[*planned.compatibility.findings, *remarks],
        left_out=planned.compatibility.left_out,
    )


def _references(
    planned: Plan, tasks: Sequence[TaskSet], split: str, rows: int | None, device: str
) -> ProgressGen[dict[str, list[Score]]]:
    if not tasks:
        return {}
    found = {planned.base.name: (yield from scored(body_of(planned.base, planned.base), tasks, split, rows, device))}
    for expert in planned.experts:
        own = [task for task in tasks if task.head == expert.name]
        found[expert.name] = yield from scored(body_of(expert, planned.base), own, split, rows, device)
    return found


def _tasks_of(recipe: Recipe, names: Sequence[str] | None) -> list[TaskSet]:
    suite = suite_of(recipe.base or "")
    return chosen_tasks(suite_tasks(suite), names) if suite else []
