"""Scores of a model on task sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from mergelab.checkpoints import Checkpoint, compare
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.evaluation.task_models.asking import ask
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import ProgressGen


def evaluate(
    body: Mapping[str, Tensor], tasks: Sequence[TaskSet], split: str, *, rows: int | None = None, device: str = "cpu"
) -> ProgressGen[list[Score]]:
    """Scores of `body` (all tensors by the base's file keys) on `split` of each task, with that task's head.

    With `rows`, each task is scored on the first rows of the one order in which every model is asked, so scores are paired.
    """
    scores: list[Score] = []
    for task in tasks:
        mixed = task.rows(split).mixed
        asked = len(mixed) if rows is None else min(rows, len(mixed))
        found = yield from ask(body, task, mixed, 0, asked, device)
        scores.append(score(task.name, split, task.metric, Answers.of(mixed, found)))
    return scores


def body_of(checkpoint: Checkpoint, base: Checkpoint) -> dict[str, Tensor]:
    """The body of a plain model (an expert, or the base itself) by the base's file keys, for `evaluate`.

    Tensors that the model lacks, or has in a different shape (a head), are the base's. Raises `ValueError` if the model
    does not have the base's architecture.
    """
    found = compare(base, [checkpoint])
    found.raise_if_refused()
    names = found.expert_keys[0]
    own = {key: names.get(key) or names[found.tied[key]] for key in (*found.mergeable, *found.tied)}
    (expert,) = found.experts
    return {key: expert.read(own[key]) if key in own else base.read(key) for key in base.specs}
