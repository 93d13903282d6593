"""The job that merges a remembered recipe again, to see whether the weights are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mergelab.checkpoints import hash_state
from mergelab.engine import merged_body, prepare
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe, with_calibration
from mergelab.jobs.recording.run_facts import with_inputs
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.runs import RunRecord, RunsError
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen
from mergelab.runtime.provenance import provenance

NAMED = ("mergelab", "python", "portable")


@dataclass(frozen=True)
class Reproduced:
    """The content hash of the merge, and those of its base and experts by name."""

    weights: str
    inputs: Mapping[str, str]


def reproduce(
    run: RunRecord,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> ProgressGen[Reproduced]:
    """Merge the run's recipe in memory and hash the result. `task_files` calibrate as in `mergelab.jobs.save_job`.

    Raises `RunsError` for a run without a recipe.
    """
    if not run.request.recipe:
        raise RunsError(f"run {run.id} scored {run.request.name} as it is, so there is nothing to merge again")
    recipe, where = read_recipe(run.request.recipe, models_dir), resolve(device)
    own = TaskFiles.of(task_files, recipe, head, models_dir)
    planned = yield from planned_recipe(recipe, models_dir, where, own)
    tasks = own.task_sets(planned.base, planned.experts)
    merging = merged_body((yield from prepare((yield from with_calibration(planned, where, tasks)), where)))
    body, inputs = yield from with_inputs(merging, recipe, models_dir)
    return Reproduced(hash_state(body), inputs)


def verdict(run: RunRecord, now: Reproduced) -> tuple[bool, str]:
    """Whether the weights are the run's, and a sentence that says it; if they are not, with what differs from then."""
    before = run.result
    if before is None or not before.weights:
        return True, f"run {run.id} kept no hash of its weights; now they are {now.weights}"
    if now.weights == before.weights:
        return True, f"the weights are those of run {run.id}: {now.weights}"
    changed = changed_models(before.inputs, now.inputs)
    versions = changed_versions(run.request.provenance, provenance())
    reasons = [*(f"{name} has other tensors" for name in changed), *versions]
    told = "; ".join(reasons) or "models and versions are the same, so please report this"
    return False, f"the weights are {now.weights}, not {before.weights} as in run {run.id}: {told}"


def changed_models(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names of models whose content is not what it was; those that were not hashed before are left out."""
    return sorted(name for name, found in now.items() if before.get(name, found) != found)


def changed_versions(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs of the versions and the processor, as `name: before, now …`."""
    flat = [
        {**given.get("libraries", {}), **{k: given.get(k) for k in NAMED}, **_processor(given)}
        for given in (before, now)
    ]
    return [
        f"{name}: {flat[0].get(name)}, now {value}" for name, value in flat[1].items() if flat[0].get(name) != value
    ]


def _processor(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"processor": given.get("processor", {}).get("model"), "instructions": given.get("torch_instructions")}
