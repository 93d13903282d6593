"""The job that examines a model folder, or the merge of a recipe that is not saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mergelab.analysis.health import Health, HealthSubject, WeightRecord, examine
from mergelab.checkpoints import Checkpoint, CheckpointError
from mergelab.engine import MergeError, Plan, run
from mergelab.jobs.merging.merge_health import MergeHealth, rows_in_play
from mergelab.jobs.merging.merge_steps import CHECKING, MERGING, READING, prepared_in_steps, steps_before_merge
from mergelab.jobs.recipe_plans import open_model, planned_recipe, read_recipe
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.recipe import is_stack, read_mapping_file
from mergelab.runtime.devices import resolve
from mergelab.runtime.job_steps import JobSteps
from mergelab.runtime.progress import Progress, ProgressGen

RECIPE = "recipe.yml"


def health(
    model: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> ProgressGen[Health]:
    """The health of a model (folder, suite name or Hub id), or of the merge of a recipe, which is not saved.

    A folder that MergeLab wrote is compared with the models of its recipe.yml, if they can still be opened. Language models
    are asked the calibration rows of `task_files`, and of the suite that the models belong to;
    `mergelab.jobs.task_sets.own_tasks` says how they and `head` are written.
    """
    where = resolve(device)
    if recipe is not None:
        checked = read_recipe(recipe, models_dir)
        return (yield from _of_recipe(checked, where, TaskFiles.of(task_files, checked, head, models_dir)))
    if model is None:
        raise ValueError("name a model or a recipe to examine")
    return (yield from _of_model(open_model(model, models_dir), where, task_files, head, models_dir))


def _of_recipe(recipe: Recipe, device: str, own: TaskFiles) -> ProgressGen[Health]:
    steps = JobSteps(*steps_before_merge(recipe), MERGING, CHECKING)
    planned = yield from steps.take(READING, planned_recipe(recipe, own.models_dir, device, own))
    tasks = own.task_sets(planned.base, planned.experts)
    prepared = yield from prepared_in_steps(steps, planned, device, tasks)
    watched = MergeHealth(prepared.plan, tasks, device, asks=True)

    def merging() -> ProgressGen[None]:
        for number, merged in enumerate(run(prepared), 1):
            watched.add(merged.key, merged.tensor)
            yield Progress("Merging", number, len(planned.base.specs), merged.key)

    yield from steps.take(MERGING, merging())
    return (yield from steps.take(CHECKING, watched.examine()))


def _of_model(
    model: Checkpoint, device: str, task_files: Sequence[str], head: str | None, models_dir: str | None
) -> ProgressGen[Health]:
    planned, why = yield from _plan_of(model, models_dir)
    own = TaskFiles.of(task_files, planned.recipe if planned else None, head, models_dir)
    tasks = own.task_sets(model, planned.experts if planned else ())
    record = WeightRecord(planned)
    for number, key in enumerate(model.specs, 1):
        record.add(key, model.read(key))
        yield Progress("Reading the weights", number, len(model.specs), key)
    subject = HealthSubject(
        record,
        model.config,
        model.folder,
        planned,
        body=lambda: {key: model.read(key) for key in model.specs},
        tasks=rows_in_play(planned, tasks) if planned else tasks,
        device=device,
        unplanned=why,
    )
    return (yield from examine(subject))


def _plan_of(model: Checkpoint, models_dir: str | None) -> ProgressGen[tuple[Plan | None, str]]:
    """The plan of the recipe beside a model's weights; or None, and why there is none."""
    path = model.folder / RECIPE if model.folder else Path()
    if not path.is_file():
        return None, f"there is no {RECIPE} that says which models it was made from"
    try:
        given = read_mapping_file(path)
        if is_stack(given):
            return None, "a stack copies layers, so that there is no change to measure"
        planned = yield from planned_recipe(read_recipe(given, models_dir), models_dir)
    except (CheckpointError, RecipeError, MergeError) as error:
        return None, f"the models of its {RECIPE} cannot be opened ({error}); run this where they are"
    if {key: spec.shape for key, spec in planned.specs.items()} != {k: spec.shape for k, spec in model.specs.items()}:
        return None, f"its tensors are not those that its {RECIPE} makes"
    return planned, ""
