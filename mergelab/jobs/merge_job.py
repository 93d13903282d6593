"""The job that merges in memory and scores the result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mergelab.analysis.health import Health
from mergelab.checkpoints import hash_state, suite_of
from mergelab.engine import Plan, PreparedMerge, merged_model
from mergelab.evaluation.scores import Score
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.jobs.evaluate_job import chosen_tasks
from mergelab.jobs.merging.merge_health import merge_health
from mergelab.jobs.merging.merge_scores import MergeScoring
from mergelab.jobs.merging.merge_steps import (
    CHECKING,
    COUNTING,
    MERGING,
    READING,
    SCORING,
    prepared_in_steps,
    steps_before_merge,
)
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe
from mergelab.jobs.recording.peak_memory import peak_bytes
from mergelab.jobs.recording.run_facts import inputs_of
from mergelab.jobs.sketch_job import recalled_sketch
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.devices import resolve
from mergelab.runtime.job_steps import JobSteps
from mergelab.runtime.progress import PartialGen, ProgressGen

if TYPE_CHECKING:  # pandas takes a while to import
    from mergelab.analysis.preview import Preview


@dataclass(frozen=True)
class Run:
    """A merge and its measurements.

    `references` holds, by model, the base's scores on all tasks and each expert's on those that it answers. `health` is None
    where it was not examined. `weights` is the content hash of the merged tensors, `inputs` are those of base and experts by
    name, both empty where nobody asked for hashes. `number` is that of the remembered run, 0 for none.
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
    health: Health | None = None
    weights: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    peak_bytes: int = 0
    number: int = 0


def merge(
    recipe: Mapping[str, Any],
    tasks: Sequence[str] | None = None,
    split: str = "validation",
    rows: int | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    counted: bool = True,
    task_files: Sequence[str | GivenTask] = (),
    head: str | None = None,
    asks: bool = False,
    hashed: bool = False,
) -> PartialGen[Run]:
    """Merge in memory and score the result on the suite's task sets (all, or those named in `tasks`).

    With `task_files`, it is scored on these own task sets, whose calibration rows also serve the method, and of the suite's
    only on those that `tasks` names; `mergelab.jobs.task_sets.own_tasks` says how they and `head` are written. Without any task set
    there are no scores. With `counted`, the preview is exact (counted on tensors).
    Yields `MergeScores` as `Partial` results: first with the cached scores of base and experts, then after each task.
    After the last score the merge is examined, and conflicts are counted.
    With `asks`, a language model is asked calibration rows for its health. With `hashed`, the result has content hashes.
    """
    started = time.monotonic()
    checked, where = read_recipe(recipe, models_dir), resolve(device)
    own, named = TaskFiles.of(task_files, checked, head, models_dir), _tasks_of(checked, tasks, bool(task_files))
    chosen = bool(named or task_files)
    more = [MERGING, *([SCORING] if chosen else ()), CHECKING, *([COUNTING] if counted else ())]
    steps = JobSteps(*steps_before_merge(checked), *more)
    planned, scoring = yield from steps.take(READING, _read(checked, named, own, split, rows, where), stages=2)
    prepared = yield from prepared_in_steps(steps, planned, where, scoring.tasks)
    body, remarks = yield from steps.take(MERGING, merged_model(prepared))
    if chosen:
        yield from steps.take(SCORING, scoring.run(body))
    examining = merge_health(prepared.plan, body, scoring.tasks, where, asks=asks)
    health = yield from steps.take(CHECKING, examining)
    weights = hash_state(body) if hashed else ""
    del body, examining
    figures = yield from steps.take(COUNTING, _counted(prepared)) if counted else _read_off(prepared)
    inputs = (yield from inputs_of(checked, models_dir)) if hashed else {}
    return Run(
        checked.to_mapping(),
        checked.digest(),
        scoring.found.scores,
        scoring.found.references,
        figures,
        split,
        where,
        time.monotonic() - started,
        planned.parameters,
        notes=[*planned.compatibility.findings, *remarks, *(note for task in scoring.tasks for note in task.notes)],
        left_out=planned.compatibility.left_out,
        health=health,
        weights=weights,
        inputs=inputs,
        peak_bytes=peak_bytes(),
    )


def _read(
    recipe: Recipe, named: Sequence[TaskSet], own: TaskFiles, split: str, rows: int | None, device: str
) -> PartialGen[tuple[Plan, MergeScoring]]:
    """The plan, and its scoring with what is known of base and experts."""
    planned = yield from planned_recipe(recipe, own.models_dir, device, own)
    tasks = [*named, *own.task_sets(planned.base, planned.experts)]
    scoring = MergeScoring(planned, tasks, split, rows, device)
    yield from scoring.recall()
    return planned, scoring


def _counted(prepared: PreparedMerge) -> ProgressGen[Preview]:
    """The figures counted on the tensors of the merge, on the axes of its sketch, which the page has built before."""
    from mergelab.analysis.preview import exact_preview

    drawn = yield from recalled_sketch(prepared.plan, str(prepared.device))
    return (yield from exact_preview(prepared, drawn))


def _read_off(prepared: PreparedMerge) -> ProgressGen[Preview]:
    """The figures read from the sketch."""
    from mergelab.analysis.preview import preview

    return preview((yield from recalled_sketch(prepared.plan, str(prepared.device))), prepared.plan.recipe)


def _tasks_of(recipe: Recipe, names: Sequence[str] | None, with_own: bool) -> list[TaskSet]:
    """The task sets of the recipe's suite: all, or those of these names; beside own ones only those."""
    suite = suite_of(recipe.base or "")
    return chosen_tasks(suite_tasks(suite), names) if suite and not (with_own and names is None) else []
