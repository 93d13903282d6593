"""Which task sets the base and each expert of a merge are asked, beside the merged model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.tasks import TaskSet
from mergelab.evaluation.tasks.own.heads import class_names


def asked_of(
    model: Checkpoint, base: Checkpoint, experts: Sequence[Checkpoint], tasks: Sequence[TaskSet]
) -> list[TaskSet]:
    """The task sets that `model`, the base or an expert, is asked, in their order.

    The base answers all of them, an expert its own. A person's own task set that no expert is named for is answered by every
    expert, if the kind has no head of its own. One with a head is answered by an expert of equal class names too, with that
    expert's head.
    """
    if model is base:
        return list(tasks)
    names = {expert.name for expert in experts}
    return [found for task in tasks if (found := _asked_of_expert(model, task, names))]


def _asked_of_expert(expert: Checkpoint, task: TaskSet, experts: set[str]) -> TaskSet | None:
    if task.head == expert.name:
        return task
    if not task.origin:
        return None
    if not task.asked.own_head:
        return None if task.head in experts else task
    fits = bool(task.labels) and class_names(expert) == task.labels
    return replace(task, head=expert.name, lent=expert) if fits else None
