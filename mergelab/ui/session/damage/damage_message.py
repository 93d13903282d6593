"""What the page is told of a damage map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mergelab.analysis.damage import RESTORES, DamageMap, correlation_sentence, restoring_recipe
from mergelab.charts import damage_heatmap, damage_summary
from mergelab.recipe import RecipeError
from mergelab.ui.form.figure_words import word_of
from mergelab.ui.form.form import Form
from mergelab.ui.form.labels import counted
from mergelab.ui.form.recipe_name import recipe_name
from mergelab.ui.messages import DamageMessage, DamageRequest, DamageState
from mergelab.ui.session.render.scores_by_model import TaskFace

UNMEASURED = "Not measured for this recipe and choice. Every cell is scored like a merge of its own, so this takes a while; Stop keeps what is known."
BEGINNING = "The merge comes first; the first cells follow."
STOPPED = "incomplete"
CHIPS: dict[DamageState, str] = {
    "none": "",
    "measuring": word_of("updating"),
    "measured": word_of("measured"),
    "stopped": STOPPED,
}
NOTHING = DamageMessage("none", "", "", "", "mean", {}, "", None, "", "", "", UNMEASURED, "")


@dataclass(frozen=True)
class MeasuredDamage:
    """A map with the form that it belongs to, and how far it has come."""

    form: Form
    found: DamageMap
    state: DamageState


def damage_message(
    measured: MeasuredDamage | None, asked: DamageRequest, tasks: Mapping[str, TaskFace]
) -> DamageMessage:
    """The map for the chosen task, or the mean over all where the map lacks it; without a map why there is none."""
    titles = {name: face.title for name, face in tasks.items()}
    if measured is None:
        return replace(NOTHING, restore=asked.restore, tasks=titles, task=asked.task if asked.task in titles else "")
    found, recipe, models = measured.found, measured.form.recipe(), measured.form.models
    task = asked.task if asked.task in found.tasks else ""
    return DamageMessage(
        state=measured.state,
        chip=CHIPS[measured.state],
        digest=recipe.digest(),
        recipe=f"{recipe_name(recipe, models.titles)}, {models.base}, {counted(len(recipe.models), 'expert')}",
        restore=found.restore,  # type: ignore[arg-type]
        tasks=dict(found.tasks),
        task=task,
        figure=damage_heatmap(found, task),
        summary=damage_summary(found, task),
        correlation=correlation_sentence(found),
        about=_about(found),
        empty="",
        unloadable=_unloadable(measured, found.restore, tasks[task].expert if task in tasks else None),
    )


def _about(found: DamageMap) -> str:
    """How many cells and rows are measured."""
    rows = [each.n for cell in found.cells for each in cell.by_task.values()]
    asked = max(found.asked.values())
    span = f"{min(rows)}" if rows and min(rows) == max(rows) else f"{min(rows, default=0)} to {max(rows, default=0)}"
    done = f"{found.known} of {len(found.cells)} cells"
    return f"{done}, {span} of {asked} validation examples per task, with {RESTORES[found.restore]} put back."


def _unloadable(measured: MeasuredDamage, restore: str, expert: str | None) -> str:
    """Why overrides cannot put the treatment's tensors into one cell; empty text if they can."""
    try:
        restoring_recipe(measured.form.recipe(), ["any"], restore, expert)
    except RecipeError as error:
        return str(error)
    return ""
