"""The jobs that look at models before any merge: static figures, the report, spectra, Fisher information."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch import Tensor

from mergelab.engine import Plan, prepare
from mergelab.evaluation.evaluate import body_of
from mergelab.jobs.recipe_plans import expert_task, has_task, planned_recipe, read_recipe, with_calibration
from mergelab.jobs.sketch_job import recalled_sketch
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen

if TYPE_CHECKING:  # pandas takes a while to import
    from mergelab.analysis.static import FisherViews, Inspection, InspectionReport, TensorSpectrum


def inspect(
    recipe: Mapping[str, Any], top: int | None = None, device: str = "auto", models_dir: str | None = None
) -> ProgressGen[Inspection]:
    """The static figures of a recipe's models, for every merged tensor, layer and module.

    `features` is included if the experts have calibration examples. `top` limits the number of leading directions compared.
    """
    where = resolve(device)
    planned = yield from planned_recipe(read_recipe(recipe, models_dir), models_dir, where)
    return (yield from _inspection(planned, where, top))


def _inspection(planned: Plan, where: str, top: int | None) -> ProgressGen[Inspection]:
    from mergelab.analysis import static

    found = yield from static.inspect(planned, where, static.TOP if top is None else top)
    return replace(found, features=(yield from _features(planned, where)))


def inspection_report(
    recipe: Mapping[str, Any], top: int | None = None, device: str = "auto", models_dir: str | None = None
) -> ProgressGen[InspectionReport]:
    """Everything about a recipe that needs no merge: the result of `inspect`, and the data of the live charts."""
    from mergelab.analysis.static import report_of

    checked, where = read_recipe(recipe, models_dir), resolve(device)
    planned = yield from planned_recipe(checked, models_dir, where)
    static = yield from _inspection(planned, where, top)
    drawn = yield from recalled_sketch(planned, where)
    return report_of(checked, drawn, static, planned.notes)


def spectrum(
    recipe: Mapping[str, Any], key: str, device: str = "auto", models_dir: str | None = None
) -> ProgressGen[TensorSpectrum]:
    """The singular values of one tensor, by the base's key: of each expert's delta and of the merged delta."""
    from mergelab.analysis.static import tensor_spectrum

    where = resolve(device)
    exact = replace(read_recipe(recipe, models_dir), dtype="float32")
    planned = yield from with_calibration((yield from planned_recipe(exact, models_dir, where)), where)
    return tensor_spectrum((yield from prepare(planned, where)), key)


def fisher(recipe: Mapping[str, Any], device: str = "auto", models_dir: str | None = None) -> ProgressGen[FisherViews]:
    """The distribution of the experts' Fisher information, and which expert would win where.

    Of a recipe with another method only the models are used. They must be experts of a suite, which has calibration examples.
    """
    from mergelab.analysis.static import as_fisher, fisher_views

    where = resolve(device)
    planned = yield from planned_recipe(read_recipe(as_fisher(recipe), models_dir), models_dir, where)
    return (yield from fisher_views((yield from with_calibration(planned, where))))


def _features(planned: Plan, device: str) -> ProgressGen[Any]:
    """Linear CKA of base and experts on the calibration examples of all tasks, or the reason why it was skipped."""
    from mergelab.analysis.static import BASE, Bodies, cka_by_layer, skipped_cka

    names = [expert.name for expert in planned.experts]
    listed = [names[place] for place in planned.listed]
    experts = dict(zip(names, planned.experts, strict=True))
    without_rows = [name for name in listed if not has_task(experts[name])]
    if without_rows:
        return skipped_cka(f"{without_rows[0]} has no calibration examples, which only experts of a suite have")
    tasks = {task.name: task for task in (expert_task(expert, "linear CKA") for expert in planned.experts)}
    models = {BASE: planned.base} | experts

    def body(name: str) -> dict[str, Tensor]:
        return body_of(models[name], planned.base)

    return (yield from cka_by_layer(Bodies(names, body, list(tasks.values()), device), listed))
