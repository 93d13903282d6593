"""The job that scores a model or a recipe's merge on tasks of lm-evaluation-harness, without saving it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mergelab.engine import merged_body, prepare
from mergelab.evaluation.lm_evaluation_harness import HarnessScore, HarnessTasks, LanguageModel
from mergelab.jobs.merging.merged_files import merged_files
from mergelab.jobs.recipe_plans import open_model, planned_recipe, read_recipe, with_calibration
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Progress, ProgressGen


def evaluate_with_harness(
    tasks: Sequence[str],
    model: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    limit: int | None = None,
    folder: str | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
    batch: int = 1,
) -> ProgressGen[list[HarnessScore]]:
    """Scores on the first `limit` examples of these tasks, asked `batch` at a time; `folder` has YAML files of further ones.

    The calibration rows of `task_files` serve methods that need them. The tasks' data are loaded before anything is merged.
    """
    if (model is None) == (recipe is None):
        raise ValueError("name a model or a recipe to evaluate")
    yield Progress("Loading the tasks", 0, 1)
    asked, where = HarnessTasks(tasks, folder), resolve(device)
    if recipe is not None:
        own = TaskFiles.of(task_files, read_recipe(recipe, models_dir), head, models_dir)
        given = yield from _merged(recipe, own, where)
    else:
        opened = open_model(str(model), models_dir)
        given = LanguageModel(
            opened.name, opened.config, opened.folder, {key: opened.read(key) for key in opened.specs}
        )
    yield Progress("Asking lm-evaluation-harness", 0, 1)
    return asked.scores(given, limit, where, batch)


def _merged(recipe: Mapping[str, Any], own: TaskFiles, device: str) -> ProgressGen[LanguageModel]:
    """The merge of a recipe, with the config and the files that its folder would have."""
    planned = yield from planned_recipe(read_recipe(recipe, own.models_dir), own.models_dir, device, own)
    tasks = own.task_sets(planned.base, planned.experts)
    planned = yield from with_calibration(planned, device, tasks)
    body = yield from merged_body((yield from prepare(planned, device)))
    files = merged_files(planned)
    state = {key: body[key] for key in planned.specs if key in body}
    return LanguageModel("the merged model", files.config, files.folder, state)
