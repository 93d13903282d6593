"""Puts a model in front of rows: a range of a task's, or one question of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from mergelab.evaluation.kinds import Answer, Exam, Response, Rows
from mergelab.evaluation.task_models.batches import POSITIONS, batches
from mergelab.evaluation.task_models.exams import exam_of
from mergelab.evaluation.task_models.precision import full_precision
from mergelab.evaluation.task_models.probing import probe_of
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import Progress, ProgressGen, finish


def ask(
    body: Mapping[str, Tensor], task: TaskSet, rows: Rows, start: int, stop: int, device: str
) -> ProgressGen[list[Answer]]:
    """The answers of `body` with the task's head to `rows` from `start` to before `stop`, in their order.

    Batches have rows of similar length from this range; what else is in a batch does not change an answer. Runs in float32.
    The progress counts the rows of this range.
    """
    found: dict[int, Answer] = {}
    probe = yield from probe_of(task, device)
    with exam_of(body, task, rows, device, probe) as exam:
        lengths = exam.encoded.lengths[start:stop]
        for group in batches(lengths, POSITIONS.get(torch.device(device).type, POSITIONS["cpu"])):
            yield Progress("Scoring", len(found), stop - start, task.title, "rows")
            found.update(zip(group, _answers(task, exam, [start + row for row in group]), strict=True))
        yield Progress("Scoring", len(found), stop - start, task.title, "rows")
    return [found[row] for row in range(stop - start)]


@torch.inference_mode()
def respond(body: Mapping[str, Tensor], task: TaskSet, question: Rows, device: str) -> Iterator[Response]:
    """What `body` with the task's head says to the only row of `question`: a text as it grows, the last time complete."""
    probe = finish(probe_of(task, device))
    with exam_of(body, task, question, device, probe) as exam, full_precision():
        yield from task.asked.respond(exam)


@torch.inference_mode()
def _answers(task: TaskSet, exam: Exam, index: list[int]) -> list[Answer]:
    with full_precision():
        return task.asked.answer(exam, index)
