"""Asks a model a range of a task's rows."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mergelab.evaluation.kinds import Answer, Exam, Rows, encode
from mergelab.evaluation.task_models.batches import POSITIONS, batches
from mergelab.evaluation.task_models.precision import full_precision
from mergelab.evaluation.task_models.task_model import task_model
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import Progress, ProgressGen


def ask(
    body: Mapping[str, Tensor], task: TaskSet, rows: Rows, start: int, stop: int, device: str
) -> ProgressGen[list[Answer]]:
    """The answers of `body` with the task's head to `rows` from `start` to before `stop`, in their order.

    Batches have rows of similar length from this range; what else is in a batch does not change an answer. Runs in float32.
    The progress counts the rows of this range.
    """
    head = task.open_head()
    found: dict[int, Answer] = {}
    with task_model(body, head, task.kind, device=device) as lent:
        encoded = encode(task.kind, rows, head, lent.config, task.chosen)
        exam = Exam(lent.model, lent.config, head, rows, encoded, task.labels, task.chosen, task.name, device)
        lengths = encoded.lengths[start:stop]
        for group in batches(lengths, POSITIONS.get(torch.device(device).type, POSITIONS["cpu"])):
            yield Progress("Scoring", len(found), stop - start, task.title, "rows")
            found.update(zip(group, _answers(task, exam, [start + row for row in group]), strict=True))
        yield Progress("Scoring", len(found), stop - start, task.title, "rows")
    return [found[row] for row in range(stop - start)]


@torch.inference_mode()
def _answers(task: TaskSet, exam: Exam, index: list[int]) -> list[Answer]:
    with full_precision():
        return task.asked.answer(exam, index)
