"""Says of a task set for language models that none of the models can answer it."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.task_models.lacking_head import lacking_head
from mergelab.evaluation.tasks.own.heads import class_names
from mergelab.evaluation.tasks.own.own_task import LABEL, OwnTask
from mergelab.evaluation.tasks.task_set import TaskSet


def why_unanswered(own: OwnTask, task: TaskSet, models: Sequence[Checkpoint]) -> str:
    """Why the model that is to answer cannot, with what to do; empty text if it can, or if there is none yet.

    A table of texts without labels is taken for texts to read, which classifiers cannot do.
    """
    head = task.lent
    missing = lacking_head(task.asked, head) if head else []
    if not head or not missing:
        return ""
    are_classifiers = any(map(class_names, models))
    if are_classifiers and not own.located.description.kind and LABEL not in dict(task.columns):
        return (
            f"{own.located.path}: no {LABEL} column; the given models are classifiers. Add a column {LABEL!r} with the class of each "
            "row, or give a language model, which reads texts without labels"
        )
    what = "the given models are classifiers" if are_classifiers else f"{head.name} lacks {', '.join(missing[:3])}"
    return f"{own.located.path}: the kind {task.kind} needs a language model; {what}. Choose another kind, or give a language model"
