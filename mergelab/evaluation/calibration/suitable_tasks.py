"""Which kinds of task can calibrate which statistics."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mergelab.evaluation.kinds import TaskKind
from mergelab.evaluation.tasks import TaskSet

LANGUAGE_MODELS = "MODEL_FOR_CAUSAL_LM_MAPPING"
OF_CLASSES = ("coefficients",)
"""Statistics that are defined on the predicted classes of a row alone."""


def refuse_unsuitable(kinds: Collection[str], tasks: Sequence[TaskSet]) -> None:
    """Raise `ValueError` if the rows of a task cannot give one of the statistics `kinds`.

    Classifications give all of them. Tasks of causal language models give those that do not need classes.
    """
    for task in tasks:
        if not task.asked.own_head and not (_reads_texts(task.asked) and not set(kinds) & set(OF_CLASSES)):
            raise ValueError(
                f"the task set {task.name} is of kind {task.kind}, which cannot calibrate {' and '.join(sorted(kinds))}; "
                "use a classification, or another method"
                + (
                    ", or for fisher and regmean a text for a language model"
                    if set(kinds).isdisjoint(OF_CLASSES)
                    else ""
                )
            )


def _reads_texts(kind: TaskKind) -> bool:
    return kind.mapping == LANGUAGE_MODELS
