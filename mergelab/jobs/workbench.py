"""The jobs of the lab (merge, save, evaluate, inspect and others), from plain recipes to plain results."""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from mergelab.analysis.sketch import Sketch, build_sketch, sketch_needs
from mergelab.analysis.tensor_map import Coordinates, TensorMap, TensorSession, Window, cached_map, read_coordinates
from mergelab.checkpoints import (
    Checkpoint,
    CheckpointError,
    MergedFolder,
    hash_state,
    load_suite,
    open_checkpoint,
    suite_of,
)
from mergelab.checkpoints.writing.file_layout import SHARD_BYTES
from mergelab.engine import (
    Plan,
    PreparedMerge,
    Statistics,
    in_key_order,
    merged_body,
    merged_model,
    plan,
    prepare,
    prepare_steps,
    run,
    sparse_expert,
    with_statistics,
)
from mergelab.evaluation.evaluate import Score, body_of
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.methods.registry import Statistic
from mergelab.recipe import Recipe
from mergelab.report.model_card import model_card
from mergelab.runtime import portable
from mergelab.runtime.cache import SKETCHES, store
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Progress, ProgressGen

if TYPE_CHECKING:  # pandas takes a while to import, and saving a merge needs none of it
    from mergelab.analysis.preview import Preview
    from mergelab.analysis.static import FisherViews, Inspection, InspectionReport, TensorSpectrum

CALIBRATION_ROWS = 512
"""Maximum number of calibration rows per expert, taken from its task set."""


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


def sketch(recipe: Mapping[str, Any], device: str = "auto", models_dir: str | None = None) -> ProgressGen[Sketch]:
    """The sketch from which a recipe's live charts are computed; cached by content."""
    return (yield from _sketched(_planned(Recipe.from_mapping(recipe), models_dir), resolve(device)))


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
    checked, where = Recipe.from_mapping(recipe), resolve(device)
    planned = yield from _with_statistics(_planned(checked, models_dir), where)
    prepared = yield from prepare(planned, where)
    body, remarks = yield from merged_model(prepared)
    chosen = _tasks_of(checked, tasks)
    scores = yield from scored(body, chosen, split, rows, where)
    references = yield from _references(planned, chosen, split, rows, where)
    drawn = yield from _sketched(planned, where)
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
        notes=[*planned.compatibility.notes, *remarks],
        left_out=planned.compatibility.left_out,
    )


def save(
    recipe: Mapping[str, Any],
    out: str,
    device: str = "auto",
    models_dir: str | None = None,
    archive: bool = False,
    shard_bytes: int = SHARD_BYTES,
) -> ProgressGen[str]:
    """Merge into a new folder with weights, config, tokenizer, recipe.yml, README.md and manifest.json.

    With `archive`, the folder is also packed as OUT.zip. Weights of more than `shard_bytes` are split into several
    files. Returns the path of the archive if there is one, else of the folder. Incomplete output is removed.
    """
    checked, folder = Recipe.from_mapping(recipe), Path(out)
    if archive and _archive_of(folder).exists():
        raise ValueError(f"{_archive_of(folder)} exists and is not overwritten; choose another name or move it away")
    where = resolve(device)
    planned = _planned(checked, models_dir)
    with MergedFolder(folder, planned.base, planned.specs, shard_bytes=shard_bytes) as writer:
        planned = yield from _with_statistics(planned, where)
        prepared = yield from prepare(planned, where)
        remarks = yield from _written(prepared, writer)
        if planned.statistics:
            writer.add_fact("statistics", _hashes_of(planned.statistics))
        writer.add_text("recipe.yml", checked.to_yaml())
        writer.add_text("README.md", model_card(planned, remarks))
    return (yield from _archived(folder)) if archive else str(folder)


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
        checked = Recipe.from_mapping(recipe)
        planned = yield from _with_statistics(_planned(checked, models_dir), where)
        body = yield from merged_body((yield from prepare(planned, where)))
        suite = suite or suite_of(checked.base or "")
    elif model is not None:
        suite = suite or suite_of(model)
        base = _opened(suite, None) if suite else None
        opened = _opened(model, models_dir, base)
        body = body_of(opened, base or opened)
    else:
        raise ValueError("name a model or a recipe to evaluate")
    if not suite:
        raise ValueError("name the suite whose task sets to score, for example --suite minilm")
    return (yield from scored(body, _chosen(suite_tasks(suite), tasks), split, rows, where))


def ready() -> ProgressGen[None]:
    """Do nothing, except that the worker has then imported the modules that other jobs need."""
    yield Progress("Starting", 1, 1)


def tensor_map(
    recipe: Mapping[str, Any], key: str, device: str = "auto", models_dir: str | None = None, edition: int = 0
) -> ProgressGen[TensorMap]:
    """One tensor, by the base's key, as a map of block sums with its strongest conflicts; cached by content.

    Increase `edition` after the models' files have changed; the same applies to `coordinates`.
    """
    session = yield from _tensor_session(recipe, device, models_dir, edition)
    planned = session.prepared.plan
    content = _key("tensor-map/v1", planned.recipe.digest(), planned.base.content_hash(), *planned.hashes, key)
    return (yield from cached_map(session, key, content))


def coordinates(
    recipe: Mapping[str, Any],
    key: str,
    window: tuple[int, int, int, int],
    device: str = "auto",
    models_dir: str | None = None,
    edition: int = 0,
) -> ProgressGen[Coordinates]:
    """The values in a window (top, left, rows, columns) of a tensor, after every step of the recipe."""
    session = yield from _tensor_session(recipe, device, models_dir, edition)
    return read_coordinates(session, key, Window(*window))


_SESSIONS: dict[tuple[object, ...], TensorSession] = {}
"""The most recent tensor session, kept because preparing a recipe surveys the whole model."""


def _tensor_session(
    recipe: Mapping[str, Any], device: str, models_dir: str | None, edition: int
) -> ProgressGen[TensorSession]:
    checked, where = Recipe.from_mapping(recipe), resolve(device)
    asked = checked.digest(), where, models_dir, edition
    if asked not in _SESSIONS:
        _SESSIONS.clear()
        planned = yield from _with_statistics(_planned(checked, models_dir), where)
        _SESSIONS[asked] = TensorSession((yield from prepare(planned, where)))
    return _SESSIONS[asked]


def inspect(
    recipe: Mapping[str, Any], top: int | None = None, device: str = "auto", models_dir: str | None = None
) -> ProgressGen[Inspection]:
    """The static figures of a recipe's models, for every merged tensor, layer and module.

    `features` is included if the experts have calibration rows. `top` limits the number of leading directions compared.
    """
    from mergelab.analysis import static

    where = resolve(device)
    planned = _planned(Recipe.from_mapping(recipe), models_dir)
    found = yield from static.inspect(planned, where, static.TOP if top is None else top)
    return replace(found, features=(yield from _features(planned, where)))


def inspection_report(
    recipe: Mapping[str, Any], top: int | None = None, device: str = "auto", models_dir: str | None = None
) -> ProgressGen[InspectionReport]:
    """Everything about a recipe that needs no merge: the result of `inspect`, and the data of the live charts."""
    from mergelab.analysis.static import report_of

    checked = Recipe.from_mapping(recipe)
    planned = _planned(checked, models_dir)
    static = yield from inspect(recipe, top, device, models_dir)
    drawn = yield from _sketched(planned, resolve(device))
    return report_of(checked, drawn, static, planned.compatibility.notes)


def spectrum(
    recipe: Mapping[str, Any], key: str, device: str = "auto", models_dir: str | None = None
) -> ProgressGen[TensorSpectrum]:
    """The singular values of one tensor, by the base's key: of each expert's delta and of the merged delta."""
    from mergelab.analysis.static import tensor_spectrum

    where = resolve(device)
    exact = replace(Recipe.from_mapping(recipe), dtype="float32")
    planned = yield from _with_statistics(_planned(exact, models_dir), where)
    return tensor_spectrum((yield from prepare(planned, where)), key)


def fisher(recipe: Mapping[str, Any], device: str = "auto", models_dir: str | None = None) -> ProgressGen[FisherViews]:
    """The distribution of the experts' Fisher information, and which expert would win where.

    Of a recipe with another method only the models are used. They must be experts of a suite, which has calibration rows.
    """
    from mergelab.analysis.static import as_fisher, fisher_views

    planned = _planned(Recipe.from_mapping(as_fisher(recipe)), models_dir)
    return (yield from fisher_views((yield from _with_statistics(planned, resolve(device)))))


def _features(planned: Plan, device: str) -> ProgressGen[Any]:
    """Linear CKA of base and experts on the calibration rows of all tasks, or the reason why it was skipped."""
    from mergelab.analysis.static import BASE, Bodies, cka_by_layer, skipped_cka

    names = [expert.name for expert in planned.experts]
    listed = [names[place] for place in planned.listed]
    experts = dict(zip(names, planned.experts, strict=True))
    without_rows = [name for name in listed if not _has_task(experts[name])]
    if without_rows:
        return skipped_cka(f"{without_rows[0]} has no calibration rows, which only experts of a suite have")
    tasks = {task.name: task for task in (_task_of(expert, "linear CKA") for expert in planned.experts)}
    models = {BASE: planned.base} | experts

    def body(name: str) -> dict[str, Tensor]:
        return body_of(models[name], planned.base)

    return (yield from cka_by_layer(Bodies(names, body, list(tasks.values()), device), listed))


def _planned(recipe: Recipe, models_dir: str | None) -> Plan:
    base = _opened(recipe.base, models_dir) if recipe.base else None
    return plan(recipe, base, [_opened(expert.model, models_dir, base) for expert in recipe.models])


def _opened(reference: str, models_dir: str | None, base: Checkpoint | None = None) -> Checkpoint:
    """Open a model; adapters and packed experts are opened with `base`."""
    return open_checkpoint(reference, models_dir=Path(models_dir) if models_dir else None, base=base)


def _with_statistics(planned: Plan, device: str) -> ProgressGen[Plan]:
    """The plan with the calibration statistics that its method needs, computed on the experts after the earlier steps."""
    recipe = planned.recipe
    kinds = {mark.kind for mark in recipe.rule.wanting(Statistic).values()}
    if not kinds:
        return planned
    from mergelab.evaluation.calibration import Experts, take_statistics

    device = "cpu" if portable.asked() else device  # portable mode does not cover GPUs
    tasks = [_task_of(expert, recipe.method.name) for expert in planned.experts]
    prepared = yield from prepare_steps(planned, device)

    def body(place: int) -> ProgressGen[dict[str, Tensor]]:
        if prepared.steps:
            return (yield from sparse_expert(prepared, place))
        return body_of(planned.experts[place], planned.base)

    experts = Experts(
        names=[expert.name for expert in planned.experts],
        tasks=tasks,
        base=lambda: body_of(planned.base, planned.base),
        body=body,
        keys=planned.keys,
        tied=planned.compatibility.tied,
        knobs=recipe.method.knobs,
        rows=CALIBRATION_ROWS,
        seed=recipe.seed,
        device=device,
    )
    return with_statistics(planned, (yield from take_statistics(kinds, experts)))


def _hashes_of(statistics: Statistics) -> dict[str, dict[str, str]]:
    """Content hashes of the statistics, to tell whether they are the reason if a repeated merge differs."""
    return {kind: {name: hash_state(own) for name, own in of_kind.items()} for kind, of_kind in statistics.items()}


def _task_of(expert: Checkpoint, method: str) -> TaskSet:
    """The task that an expert of a suite was trained for."""
    suite = suite_of(expert.name)
    if suite is None or not _has_task(expert):
        raise CheckpointError(
            f"{method} needs calibration rows for {expert.name}, which only experts of a suite have; "
            "for your own models, use merge_state_dicts with statistics="
        )
    return suite_tasks(suite)[load_suite(suite).experts[expert.name.split("/", 1)[1]].task]


def _has_task(expert: Checkpoint) -> bool:
    """Whether the model is an expert of a suite, which has a task set."""
    return suite_of(expert.name) is not None and "/" in expert.name


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
    return _chosen(suite_tasks(suite), names) if suite else []


def _chosen(tasks: Mapping[str, TaskSet], names: Sequence[str] | None) -> list[TaskSet]:
    for name in names or ():
        if name not in tasks:
            raise ValueError(f"this suite has no task set {name!r}. Known: {', '.join(tasks)}")
    return [task for name, task in tasks.items() if names is None or name in names]


def _written(prepared: PreparedMerge, writer: MergedFolder) -> ProgressGen[list[str]]:
    """Run the merge and write each tensor as it is finished; returns the method's remarks about tensors."""
    total, remarks = len(prepared.plan.base.specs), {}
    for number, merged in enumerate(run(prepared), 1):
        writer.write(merged.key, merged.tensor)
        remarks[merged.key] = merged.remarks
        yield Progress("Merging to disk", number, total, merged.key)
    return in_key_order(prepared.plan.keys, remarks)


def _archive_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.zip")


def _archived(folder: Path) -> ProgressGen[str]:
    """Pack the folder as a zip file without compression, because weights hardly compress."""
    files, target = sorted(path for path in folder.iterdir()), _archive_of(folder)
    draft = target.with_name(f".{target.name}-{time.monotonic_ns()}")
    try:
        with zipfile.ZipFile(draft, "x", zipfile.ZIP_STORED) as archive:
            for number, path in enumerate(files):
                yield Progress("Packing", number, len(files), path.name)
                archive.write(path, f"{folder.name}/{path.name}")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return str(target)


def _sketched(planned: Plan, device: str) -> ProgressGen[Sketch]:
    key = _sketch_key(planned.recipe, planned)
    if kept := store().recall(SKETCHES, key, Sketch.decode):
        return kept
    drawn = yield from build_sketch(planned, device)
    store().put(SKETCHES, key, drawn.encode())
    return drawn


def _sketch_key(recipe: Recipe, planned: Plan) -> str:
    stage = sketch_needs(recipe).split("|")[-1]
    ordered = [f"{planned.experts[place].name}:{planned.hashes[place]}" for place in planned.listed]
    return _key("sketch/v5", planned.base.content_hash(), *ordered, stage)


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
