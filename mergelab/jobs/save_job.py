"""The job that merges into a new folder, and packs it if asked."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mergelab.checkpoints import MergedFolder, hash_state
from mergelab.checkpoints.writing.file_layout import SHARD_BYTES
from mergelab.checkpoints.writing.model_staging import refuse_existing
from mergelab.engine import PreparedMerge, Statistics, in_key_order, run
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.jobs.merging.merge_health import MergeHealth
from mergelab.jobs.merging.merge_steps import CHECKING, PACKING, READING, WRITING, prepared_in_steps, steps_before_merge
from mergelab.jobs.merging.merged_files import chosen_files
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe
from mergelab.jobs.stack_job import save_stack
from mergelab.jobs.task_sets.calibration_rows import calibration_record
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.recipe import is_stack
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.report.model_card import model_card
from mergelab.runtime.devices import resolve
from mergelab.runtime.job_steps import JobSteps
from mergelab.runtime.progress import Progress, ProgressGen


def save(
    recipe: Mapping[str, Any],
    out: str,
    device: str = "auto",
    models_dir: str | None = None,
    archive: bool = False,
    shard_bytes: int = SHARD_BYTES,
    task_files: Sequence[str | GivenTask] = (),
    head: str | None = None,
    history: Sequence[str] = (),
) -> ProgressGen[str]:
    """Merge, or stack, into a new folder with weights, config, tokenizer, recipe.yml, README.md and manifest.json.

    The calibration rows of `task_files` serve methods that need them; `mergelab.jobs.task_sets.own_tasks` says how they and `head` are
    written. With `archive`, the folder is also packed as OUT.zip. Weights of more than `shard_bytes` are split into several
    files. `history` are sentences for the model card about runs of this recipe. Returns the path of the archive if there is one, else of the folder. Incomplete output is removed.
    """
    folder = Path(out).expanduser()
    checked = StackRecipe.from_mapping(recipe) if is_stack(recipe) else read_recipe(recipe, models_dir)
    for target in (folder, *([_archive_of(folder)] if archive else ())):
        refuse_existing(target)
    if isinstance(checked, StackRecipe):
        if task_files:
            raise RecipeError("a stack merges nothing, so it takes no task sets; give none")
        yield from save_stack(checked, folder, models_dir, shard_bytes)
        return (yield from archived(folder)) if archive else str(folder)
    steps = JobSteps(*steps_before_merge(checked), WRITING, CHECKING, *([PACKING] if archive else ()))
    tasks = TaskFiles.of(task_files, checked, head, models_dir)
    yield from _save_merge(steps, checked, folder, resolve(device), tasks, shard_bytes, history)
    return (yield from steps.take(PACKING, archived(folder))) if archive else str(folder)


def _save_merge(
    steps: JobSteps, recipe: Recipe, folder: Path, where: str, own: TaskFiles, shard_bytes: int, history: Sequence[str]
) -> ProgressGen[None]:
    planned = yield from steps.take(READING, planned_recipe(recipe, own.models_dir, where, own))
    tasks = own.task_sets(planned.base, planned.experts)
    calibration = calibration_record(planned, tasks)
    files = chosen_files(planned)
    with MergedFolder(folder, planned.base, planned.specs, shard_bytes=shard_bytes, chosen_files=files) as writer:
        prepared = yield from prepared_in_steps(steps, planned, where, tasks)
        planned = prepared.plan
        watched = MergeHealth(planned, tasks, where, asks=True, target=str(folder))
        remarks = yield from steps.take(WRITING, _written(prepared, writer, watched))
        health = yield from steps.take(CHECKING, watched.examine())
        if planned.statistics:
            writer.add_fact("statistics", _hashes_of(planned.statistics))
        if calibration.experts:
            writer.add_fact("calibration", calibration.to_mapping())
        writer.add_fact("notes", [*planned.compatibility.findings, *remarks, *calibration.notes])
        writer.add_fact("health", health.to_mapping())
        writer.add_text("recipe.yml", recipe.to_yaml())
        writer.add_text("README.md", model_card(planned, remarks, calibration, health, history))


def _written(prepared: PreparedMerge, writer: MergedFolder, watched: MergeHealth) -> ProgressGen[list[str]]:
    """Run the merge, write each tensor as it is finished and show it to `watched`; returns the method's remarks about tensors."""
    total, remarks = len(prepared.plan.base.specs), {}
    for number, merged in enumerate(run(prepared), 1):
        writer.write(merged.key, merged.tensor)
        watched.add(merged.key, merged.tensor)
        remarks[merged.key] = merged.remarks
        yield Progress("Merging to disk", number, total, merged.key)
    return in_key_order(prepared.plan.compatibility.mergeable, remarks)


def _hashes_of(statistics: Statistics) -> dict[str, dict[str, str]]:
    """Content hashes of the statistics, to tell whether they are the reason if a repeated merge differs."""
    return {kind: {name: hash_state(own) for name, own in of_kind.items()} for kind, of_kind in statistics.items()}


def _archive_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.zip")


def archived(folder: Path) -> ProgressGen[str]:
    """Pack the folder as a zip file without compression, because weights hardly compress."""
    target = _archive_of(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    draft = target.with_name(f".{target.name}-{time.monotonic_ns()}")
    try:
        with zipfile.ZipFile(draft, "x", zipfile.ZIP_STORED) as archive:
            for number, path in enumerate(files):
                yield Progress("Packing", number, len(files), path.name, "files")
                archive.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return str(target)
