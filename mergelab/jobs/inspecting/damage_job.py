"""The job that measures what each place of a merge costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from mergelab.analysis.damage import RESTORES, DamageMap, DamageMeasurement
from mergelab.checkpoints import suite_of
from mergelab.engine import Plan, PreparedMerge, merged_body
from mergelab.evaluation.answer_sheet import answers_key
from mergelab.evaluation.tasks import TaskError, TaskSet, suite_tasks
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_GIVE
from mergelab.jobs.evaluate_job import chosen_tasks
from mergelab.jobs.merging.merge_steps import COUNTING, MERGING, READING, prepared_in_steps, steps_before_merge
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe
from mergelab.jobs.sketch_job import recalled_sketch
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.cache import SCORES, key_of, store
from mergelab.runtime.devices import resolve
from mergelab.runtime.job_steps import JobStep, JobSteps
from mergelab.runtime.progress import PartialGen, ProgressGen

TREATING = JobStep("measuring damage", 200)
"""Every cell is scored like a merge of its own."""


def damage(
    recipe: Mapping[str, Any],
    restore: str = "mean",
    tasks: Sequence[str] | None = None,
    rows: int | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> PartialGen[DamageMap]:
    """What each cell of a recipe's merge costs on validation rows: its damage map under the treatment `restore`.

    The tasks are those of the recipe's experts in their suite, or those named in `tasks`; with `task_files`, these own task
    sets, and of the suite's only those named. Yields the map so far as `Partial`. Answers are kept, so that a stopped
    measurement goes on; a complete map is kept as a whole.
    """
    checked, where = read_recipe(recipe, models_dir), resolve(device)
    if restore not in RESTORES:
        raise RecipeError(f"restore must be one of {', '.join(RESTORES)}, got {restore!r}")
    own, steps = TaskFiles.of(task_files, checked, head, models_dir), JobSteps(*_steps(checked))
    planned = yield from steps.take(READING, planned_recipe(checked, models_dir, where, own))
    found = own.task_sets(planned.base, planned.experts)
    asked = [*_suite_tasks(planned, tasks, bool(task_files)), *found]
    key = _key(planned, asked, restore, rows, where)
    if kept := store().recall(SCORES, key, DamageMap.decode):
        return kept
    prepared = yield from prepared_in_steps(steps, planned, where, asked)
    body = yield from steps.take(MERGING, merged_body(prepared))
    conflicts = yield from steps.take(COUNTING, _conflicts(prepared))
    measured = yield from steps.take(TREATING, _measured(prepared, body, asked, restore, rows, conflicts))
    store().put(SCORES, key, measured.encode())
    return measured


def _steps(recipe: Recipe) -> list[JobStep]:
    return [*steps_before_merge(recipe), MERGING, COUNTING, TREATING]


def _suite_tasks(planned: Plan, names: Sequence[str] | None, with_own: bool) -> list[TaskSet]:
    """The named task sets of the recipe's suite, or those of its experts; beside own ones only the named."""
    suite = suite_of(planned.recipe.base or "")
    if suite is None and names is not None:
        raise TaskError(
            f"the base of this recipe is no suite, so it has no task set {names[0]}: give your own {HOW_TO_GIVE}"
        )
    if suite is None or (with_own and names is None):
        return []
    found, experts = chosen_tasks(suite_tasks(suite), names), {expert.name for expert in planned.experts}
    return [task for task in found if names is not None or task.head in experts]


def _key(planned: Plan, tasks: Sequence[TaskSet], restore: str, rows: int | None, device: str) -> str:
    """Everything that a damage map depends on: the merge with the rows that calibrate it, the task sets, how they are asked."""
    calibrating = [task.rows("calibration").digest() for task in tasks if "calibration" in task.splits()]
    asked = [answers_key("", task, "validation") for task in tasks]
    models = [planned.base.content_hash(), *(planned.hashes[place] for place in planned.listed)]
    how = [restore, str(rows), device]
    return key_of("damage/v1", planned.recipe.digest(), *models, *calibrating, *asked, *how)


def _conflicts(prepared: PreparedMerge) -> ProgressGen[dict[tuple[str, str], float]]:
    """The conflicting weights by layer and module, counted on the tensors of the merge."""
    from mergelab.analysis.preview import exact_preview  # pandas takes a while to import

    drawn = yield from recalled_sketch(prepared.plan, str(prepared.device))
    cells = (yield from exact_preview(prepared, drawn)).cells.dropna(subset=["conflicting"])
    places = zip(cells["layer"], cells["module"], strict=True)
    return dict(zip(places, map(float, cells["conflicting"]), strict=True))


def _measured(
    prepared: PreparedMerge,
    body: Mapping[str, Tensor],
    tasks: Sequence[TaskSet],
    restore: str,
    rows: int | None,
    conflicts: Mapping[tuple[str, str], float],
) -> PartialGen[DamageMap]:
    measurement = DamageMeasurement(prepared.plan, body, tasks, restore, rows, str(prepared.device))
    return (yield from measurement.run(conflicts))
