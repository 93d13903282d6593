"""What all classifications with a head have in common: the class with the largest logit is the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab.evaluation.kinds.task_kind import Answer, Exam, Response, TaskKind

CHOICES = 3
"""How many classes a response names."""


class Classification(TaskKind):
    """A classification with the head of a fine-tuned model, whose classes are the task's labels."""

    own_head = True
    has_classes = True

    def answer(self, exam: Exam, index: Sequence[int]) -> list[Answer]:
        """The class with the largest logit, by its number; its mark is 1 if it is the row's label."""
        logits = self._logits(exam, index)
        chosen, wanted = logits.argmax(-1), exam.rows.labels[torch.as_tensor(index)]
        return [
            Answer((float(one == right),), one) for one, right in zip(chosen.tolist(), wanted.tolist(), strict=True)
        ]

    def respond(self, exam: Exam) -> Iterator[Response]:
        """The likeliest class, and the `CHOICES` likeliest with their softmax probabilities."""
        likely = self._logits(exam, [0])[0].softmax(-1).topk(min(CHOICES, len(exam.labels)))
        choices = tuple((exam.labels[place], share) for share, place in zip(*map(Tensor.tolist, likely), strict=True))
        yield Response(choices[0][0], choices)

    def _logits(self, exam: Exam, index: Sequence[int]) -> Tensor:
        if exam.config.num_labels != len(exam.labels):
            raise ValueError(
                f"task {exam.title} has {len(exam.labels)} labels, "
                f"but its head {exam.head.name} has {exam.config.num_labels} classes"
            )
        logits: Tensor = exam.model(**exam.batch(index)).logits.cpu()
        if not bool(logits.isfinite().all()):
            raise ValueError(
                f"the model gives non-finite outputs on task {exam.title}; reduce very large weights or scales in the recipe"
            )
        return logits


def label_number(label: Any, labels: tuple[str, ...]) -> int:
    """The number of a label given by its name, or by its number if no class name is a number.

    Labels are not interpreted: "NA" and "null" are names like any other. Raises `ValueError` listing the labels.
    """
    name = str(label) if type(label) in (str, int) else None
    numbers = _numbers(labels)
    if name is None or name not in numbers:
        raise ValueError(f"unknown label {label!r}; the labels are {', '.join(map(repr, labels))}")
    return numbers[name]


def _numbers(labels: tuple[str, ...]) -> Mapping[str, int]:
    numbers = {label: number for number, label in enumerate(labels)}
    if not any(label.strip().isdigit() for label in labels):
        numbers |= {str(number): number for number in range(len(labels))}
    return numbers
