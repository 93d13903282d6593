"""The jobs that look at models before any merge: static figures, the report, spectra, Fisher information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch import Tensor

from mergelab.engine import Plan, prepare
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.tasks import TaskSet
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_GIVE
from mergelab.jobs.recipe_plans import expert_task, has_task, planned_recipe, read_recipe, with_calibration
from mergelab.jobs.sketch_job import recalled_sketch
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen

if TYPE_CHECKING:  # pandas takes a while to import
    from mergelab.analysis.static import FisherViews, Inspection, InspectionReport, TensorSpectrum


def inspect(
    recipe: Mapping[str, Any],
    top: int | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> ProgressGen[Inspection]:
    """The static figures of a recipe's models, for every merged tensor, layer and module.

    `features` is included if there are calibration examples: of the experts' suite, or of the own task sets in `task_files`,
    whatever their kind; `mergelab.jobs.task_sets.own_tasks` says how they and `head` are written. `top` limits the number of
    leading directions compared.
    """
    where, own = resolve(device), TaskFiles.of(task_files, read_recipe(recipe, models_dir), head, models_dir)
    planned = yield from planned_recipe(read_recipe(recipe, models_dir), models_dir, where, own)
    return (yield from _inspection(planned, where, top, own.task_sets(planned.base, planned.experts)))


def _inspection(planned: Plan, where: str, top: int | None, tasks: Sequence[TaskSet]) -> ProgressGen[Inspection]:
    from mergelab.analysis import static

    found = yield from static.inspect(planned, where, static.TOP if top is None else top)
    return replace(found, features=(yield from _features(planned, where, tasks)))


def inspection_report(
    recipe: Mapping[str, Any],
    top: int | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> ProgressGen[InspectionReport]:
    """Everything about a recipe that needs no merge: the result of `inspect`, and the data of the live charts."""
    from mergelab.analysis.static import report_of

    checked, where = read_recipe(recipe, models_dir), resolve(device)
    own = TaskFiles.of(task_files, checked, head, models_dir)
    planned = yield from planned_recipe(checked, models_dir, where, own)
    static = yield from _inspection(planned, where, top, own.task_sets(planned.base, planned.experts))
    drawn = yield from recalled_sketch(planned, where)
    return report_of(checked, drawn, static, planned.notes)


def spectrum(
    recipe: Mapping[str, Any],
    key: str,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> ProgressGen[TensorSpectrum]:
    """The singular values of one tensor, by the base's key: of each expert's delta and of the merged delta."""
    from mergelab.analysis.static import tensor_spectrum

    where = resolve(device)
    exact = replace(read_recipe(recipe, models_dir), dtype="float32")
    planned = yield from _calibrated(exact, where, TaskFiles.of(task_files, exact, head, models_dir))
    return tensor_spectrum((yield from prepare(planned, where)), key)


def fisher(
    recipe: Mapping[str, Any],
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> ProgressGen[FisherViews]:
    """The distribution of the experts' Fisher information, and which expert would win where.

    Of a recipe with another method only the models are used. Each needs calibration examples: those of its suite, or of its own
    task set in `task_files`.
    """
    from mergelab.analysis.static import as_fisher, fisher_views

    checked, where = read_recipe(as_fisher(recipe), models_dir), resolve(device)
    planned = yield from _calibrated(checked, where, TaskFiles.of(task_files, checked, head, models_dir))
    return (yield from fisher_views(planned))


def _calibrated(recipe: Recipe, device: str, own: TaskFiles) -> ProgressGen[Plan]:
    """The plan of a recipe with its calibration statistics, on the rows of own task sets or of the experts' suite."""
    planned = yield from planned_recipe(recipe, own.models_dir, device, own)
    return (yield from with_calibration(planned, device, own.task_sets(planned.base, planned.experts)))


def _features(planned: Plan, device: str, own: Sequence[TaskSet]) -> ProgressGen[Any]:
    """Linear CKA of base and experts on the calibration examples of the `own` task sets or else of the experts' suite, or the
    reason why it was skipped."""
    from mergelab.analysis.static import BASE, Bodies, cka_by_layer, skipped_cka

    names = [expert.name for expert in planned.experts]
    listed = [names[place] for place in planned.listed]
    experts = dict(zip(names, planned.experts, strict=True))
    tasks = {task.name: task for task in own if "calibration" in task.splits()}
    without_rows = [] if tasks else [name for name in listed if not has_task(experts[name])]
    if without_rows:
        return skipped_cka(
            f"{without_rows[0]} has no calibration examples, which only experts of a suite have; give a task set {HOW_TO_GIVE}"
        )
    tasks = tasks or {task.name: task for task in (expert_task(expert, "linear CKA") for expert in planned.experts)}
    models = {BASE: planned.base} | experts

    def body(name: str) -> dict[str, Tensor]:
        return body_of(models[name], planned.base)

    return (yield from cka_by_layer(Bodies(names, body, list(tasks.values()), device), listed))
