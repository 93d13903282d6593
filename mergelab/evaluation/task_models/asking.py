"""Puts a model in front of rows: a range of a task's, or one question of a person."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from mergelab.evaluation.kinds import Answer, Exam, Response, Rows, encode
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
    found: dict[int, Answer] = {}
    with _exam(body, task, rows, device) as exam:
        lengths = exam.encoded.lengths[start:stop]
        for group in batches(lengths, POSITIONS.get(torch.device(device).type, POSITIONS["cpu"])):
            yield Progress("Scoring", len(found), stop - start, task.title, "rows")
            found.update(zip(group, _answers(task, exam, [start + row for row in group]), strict=True))
        yield Progress("Scoring", len(found), stop - start, task.title, "rows")
    return [found[row] for row in range(stop - start)]


@torch.inference_mode()
def respond(body: Mapping[str, Tensor], task: TaskSet, question: Rows, device: str) -> Response:
    """What `body` with the task's head says to the only row of `question`."""
    with _exam(body, task, question, device) as exam, full_precision():
        return task.asked.respond(exam)


@contextmanager
def _exam(body: Mapping[str, Tensor], task: TaskSet, rows: Rows, device: str) -> Generator[Exam, None, None]:
    head = task.open_head()
    with task_model(body, head, task.kind, device=device) as lent:
        encoded = encode(task.kind, rows, head, lent.config, task.chosen)
        yield Exam(lent.model, lent.config, head, rows, encoded, task.labels, task.chosen, task.name, device)


@torch.inference_mode()
def _answers(task: TaskSet, exam: Exam, index: list[int]) -> list[Answer]:
    with full_precision():
        return task.asked.answer(exam, index)
