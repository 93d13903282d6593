"""The job that scores a recipe's merge beside its base and its experts, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mergelab.checkpoints import suite_of
from mergelab.engine import merged_body, prepare
from mergelab.evaluation.scores import Score
from mergelab.evaluation.tasks import TaskError, suite_tasks
from mergelab.jobs.evaluate_job import chosen_tasks
from mergelab.jobs.merging.merge_scores import MergeScoring
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe, with_calibration
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Partial, Progress, ProgressGen, map_progress

MERGED = "merged"


def evaluate_side_by_side(
    recipe: Mapping[str, Any],
    suite: str | None = None,
    split: str = "validation",
    rows: int | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    tasks: Sequence[str] | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> ProgressGen[dict[str, list[Score]]]:
    """Scores by model: of the base, of each expert on the task sets that it answers, and last of the merged model (`MERGED`).

    The task sets are chosen as in `evaluate`; `mergelab.evaluation.answerers` says who answers which.
    """
    checked, where = read_recipe(recipe, models_dir), resolve(device)
    own, belongs = TaskFiles.of(task_files, checked, head, models_dir), suite or suite_of(checked.base or "")
    planned = yield from planned_recipe(checked, models_dir, where, own)
    found = own.task_sets(planned.base, planned.experts)
    if belongs and (suite or tasks or not found):
        found = [*chosen_tasks(suite_tasks(belongs), tasks), *found]
    if not found:
        raise TaskError(
            "name the task sets to score: --task with a file or folder of your own, or --suite with a suite"
        )
    scoring = MergeScoring(planned, found, split, rows, where)
    yield from map_progress(scoring.recall(), _only_progress)
    planned = yield from with_calibration(planned, where, found)
    body = yield from merged_body((yield from prepare(planned, where)))
    yield from map_progress(scoring.run(body), _only_progress)
    names = [planned.base.name, *(planned.experts[place].name for place in planned.listed)]
    references = {name: scoring.found.references.get(name, []) for name in dict.fromkeys(names)}
    return {**{name: scores for name, scores in references.items() if scores}, MERGED: scoring.found.scores}


def _only_progress(step: Progress | Partial) -> Progress | None:
    return step if isinstance(step, Progress) else None
