"""The jobs that look at a task set of a person's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.tasks import TaskError, TaskSet
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.evaluation.tasks.own.shown_rows import ShownRow, shown_rows
from mergelab.evaluation.tasks.own.task_check import TaskReport, refused
from mergelab.evaluation.tasks.own.task_check import check_task as checked
from mergelab.evaluation.tasks.own.task_look import TaskLook, look_at
from mergelab.jobs.recipe_plans import open_model
from mergelab.jobs.task_sets.own_tasks import TaskFiles, given_task
from mergelab.recipe import Recipe
from mergelab.runtime.progress import Progress, ProgressGen


def check_task(task: str, head: str | None = None, models_dir: str | None = None) -> ProgressGen[TaskReport]:
    """Check all rows of a task set (a file, a folder, a data set of the Hub), answered by `head` if it is given."""
    yield Progress("Reading the rows", 0, 1)
    return checked(task, head, _folder(models_dir))


def show_task(
    task: str, split: str = "validation", rows: int = 5, head: str | None = None, models_dir: str | None = None
) -> ProgressGen[list[ShownRow]]:
    """The first rows of a split as the model will see them."""
    yield Progress("Reading the rows", 0, 1)
    return shown_rows(task, split, rows, head, _folder(models_dir))


@dataclass(frozen=True)
class TaskLooks:
    """What was seen of task sets, in their order; `remark` says why no model of the person's answers them yet, "" if one does."""

    looks: tuple[TaskLook, ...]
    remark: str = ""


def look_at_tasks(
    task_files: Sequence[str | GivenTask], base: str = "", experts: Sequence[str] = (), models_dir: str | None = None
) -> ProgressGen[TaskLooks]:
    """Read all rows of these task sets, which are answered by one of the models if base and experts are given.

    What is wrong with a task set is in its report, and what is wrong with the models in the remark.
    """
    yield Progress("Reading the task sets", 0, len(task_files), "", "task sets")
    models, remark = _opened(base, experts, models_dir)
    found = []
    for number, task in enumerate(task_files):
        yield Progress("Reading the task sets", number, len(task_files), "", "task sets")
        found.append(_looked_at(task, experts, models, _folder(models_dir)))
    return TaskLooks(tuple(found), remark)


def _looked_at(
    task: str | GivenTask, experts: Sequence[str], models: Sequence[Checkpoint], models_dir: Path | None
) -> TaskLook:
    """What was seen of one task set; what is wrong with it does not keep others from being looked at."""
    try:
        return look_at(given_task(task, experts), models, models_dir)
    except ValueError as error:
        told = error if isinstance(error, TaskError) else TaskError(str(error))
        return TaskLook(refused(task if isinstance(task, str) else task.reference, told))


def _opened(base: str, experts: Sequence[str], models_dir: str | None) -> tuple[list[Checkpoint], str]:
    """The base and the experts, or why there are none."""
    if not base or not experts:
        return [], "Base and experts are not chosen yet, so no model answers."
    try:
        opened = open_model(base, models_dir)
        return [opened, *(open_model(name, models_dir, opened) for name in experts if name != base)], ""
    except ValueError as error:
        return [], f"No model answers yet: {error}"


def read_tasks(
    base: str, experts: Sequence[str], task_files: Sequence[str | GivenTask], models_dir: str | None = None
) -> ProgressGen[list[TaskSet]]:
    """The task sets of these models, with all rows read and checked.

    They are answered by the first of the models that fits; `EXPERT=TASK` names it. Raises `TaskError` with every problem that
    was found in a file.
    """
    recipe = Recipe.from_mapping({"base": base, "models": list(experts), "method": "average"})
    files = TaskFiles.of(task_files, recipe, models_dir=models_dir)
    yield Progress("Reading the task sets", 0, len(task_files), "", "task sets")
    opened = open_model(base, models_dir)
    found = files.task_sets(opened, [open_model(expert, models_dir, opened) for expert in experts])
    for number, task in enumerate(found):
        yield Progress("Reading the task sets", number, len(found), task.title, "task sets")
        task.splits()
    return [replace(task, lent=None) for task in found]


def _folder(models_dir: str | None) -> Path | None:
    return Path(models_dir) if models_dir else None
