"""Scores of a model on task sets, with confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint, compare, open_checkpoint
from mergelab.evaluation.answers import Answers
from mergelab.evaluation.tasks import Encoded, Rows, TaskModel, TaskSet, encode, task_model
from mergelab.evaluation.tasks.batches import POSITIONS, batches
from mergelab.evaluation.tasks.precision import full_precision
from mergelab.runtime.progress import Progress, ProgressGen

Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal: ±Z contains 95 %."""


@dataclass(frozen=True)
class Score:
    """`value` of `metric` on `n` rows of a task's split; [low, high] is its 95 % interval over the sampling of rows.

    `answers` says which rows were answered rightly; None for a mean over tasks.
    """

    task: str
    split: str
    metric: str
    value: float
    n: int
    low: float
    high: float
    answers: Answers | None = None


def evaluate(
    body: Mapping[str, Tensor], tasks: Sequence[TaskSet], split: str, *, rows: int | None = None, device: str = "cpu"
) -> ProgressGen[list[Score]]:
    """Accuracy of `body` (all tensors by the base's file keys) on `split` of each task, with that task's head.

    With `rows`, each task is scored on a fixed stratified subset of that size, which is the same for every model, so
    scores are paired. Runs in float32.
    """
    scores: list[Score] = []
    for task in tasks:
        chosen = task.rows(split, rows)
        right = yield from _right(body, task, chosen, device)
        scores.append(accuracy(task.name, split, Answers.of(chosen, right)))
    return scores


def accuracy(task: str, split: str, answers: Answers) -> Score:
    """The share of right answers, with Wilson's 95 % interval."""
    right, n = int(answers.right.sum()), answers.n
    return Score(task, split, "accuracy", right / n, n, *wilson(right, n), answers)


def wilson(right: int, n: int, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval for `right` out of `n`: within [0, 1], and of nonzero width at the ends."""
    if not 0 <= right <= n or n < 1:
        raise ValueError(f"an interval needs 0 <= right <= n and n >= 1, got right={right}, n={n}")
    share, spread = right / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return (0.0 if right == 0 else centre - half), (1.0 if right == n else centre + half)


def mean_score(scores: Sequence[Score]) -> Score:
    """The unweighted mean over tasks; `n` is the total number of rows.

    The interval combines the tasks' Wilson intervals, assumed independent: the distance from the mean to its lower end is
    the root of the sum of squares of the tasks' distances, divided by the number of tasks; likewise for the upper end
    ("square-and-add", Newcombe 1998; Zou & Donner 2008).
    """
    if not scores:
        raise ValueError("a mean needs at least one score")
    value, low, high = mean_with_interval(scores)
    splits, metrics = {score.split for score in scores}, {score.metric for score in scores}
    return Score(
        "mean", "/".join(sorted(splits)), "/".join(sorted(metrics)), value, sum(s.n for s in scores), low, high
    )


class HasInterval(Protocol):
    """A figure with its 95 % interval."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def mean_with_interval(figures: Sequence[HasInterval]) -> tuple[float, float, float]:
    """The mean of independent figures, and the ends of its interval: each is as far from the mean as the root of the sum of
    squares of the figures' own distances, divided by their number."""
    count = len(figures)
    value = sum(each.value for each in figures) / count
    below = math.hypot(*(each.value - each.low for each in figures)) / count
    above = math.hypot(*(each.high - each.value for each in figures)) / count
    return value, value - below, value + above


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


def _right(body: Mapping[str, Tensor], task: TaskSet, rows: Rows, device: str) -> ProgressGen[Tensor]:
    """Whether each row is answered rightly: bool `(n,)`, in the order of `rows`."""
    head = open_checkpoint(task.head)
    with task_model(body, head, task.kind, device=device) as lent:
        if lent.config.num_labels != len(task.labels):
            raise ValueError(
                f"task {task.name} has {len(task.labels)} labels, but its head {task.head} has {lent.config.num_labels} classes"
            )
        encoded = encode(task.kind, rows, head, lent.config)
        groups = batches(encoded.lengths, POSITIONS.get(torch.device(device).type, POSITIONS["cpu"]))
        right, done = torch.zeros(len(rows), dtype=torch.bool), 0
        for group in groups:
            yield Progress("Scoring", done, len(rows), task.title, "rows")
            right[group] = _right_in(group, lent, encoded, rows, task, device)
            done += len(group)
        yield Progress("Scoring", done, len(rows), task.title, "rows")
    return right


@torch.inference_mode()
def _right_in(group: list[int], lent: TaskModel, encoded: Encoded, rows: Rows, task: TaskSet, device: str) -> Tensor:
    inputs = {name: value.to(device) for name, value in encoded.batch(group).items()}
    with full_precision():
        logits = lent.model(**inputs).logits.cpu()
    if not bool(logits.isfinite().all()):
        raise ValueError(
            f"the model gives non-finite outputs on task {task.name}; reduce very large weights or scales in the recipe"
        )
    right: Tensor = logits.argmax(-1) == rows.labels[group]
    return right
