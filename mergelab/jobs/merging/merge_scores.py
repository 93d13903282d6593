"""The scores of a merge beside those of its base and experts, each told as soon as it is known."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.engine import Plan
from mergelab.evaluation.answerers import asked_of
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scoring import body_hash, recalled_score, scored, scored_in_blocks
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import Partial, PartialGen, Progress, map_progress

PACE = 0.25
"""Seconds between two partial results: a page that draws every one of them would be late with the last."""


def _of_model(progress: Progress, name: str) -> Progress:
    return replace(progress, detail=name)


@dataclass(frozen=True)
class MergeScores:
    """What is known of a merge's scores while it is under way; what a `Run` has as well means the same.

    `scores` holds the latest score of each task; after a block of rows there is another. `waiting` names the tasks that have
    none yet, in their order; `begun` says whether the first of them is being scored. `complete` says whether nothing is
    missing, the references included.
    """

    recipe: dict[str, Any]
    digest: str
    scores: list[Score]
    references: dict[str, list[Score]]
    split: str
    device: str
    parameters: int
    waiting: tuple[str, ...]
    begun: bool = False
    complete: bool = False


class MergeScoring:
    """Scores a merge of this plan on a split of the tasks. `found` is what is known so far."""

    def __init__(self, planned: Plan, tasks: Sequence[TaskSet], split: str, rows: int | None, device: str) -> None:
        self._base, self._tasks, self._rows = planned.base, list(tasks), rows
        self._told_at = -math.inf
        self._models = [planned.base, *planned.experts] if tasks else []
        waiting, recipe = tuple(task.name for task in tasks), planned.recipe
        self.found = MergeScores(
            recipe.to_mapping(), recipe.digest(), [], {}, split, device, planned.parameters, waiting
        )

    @property
    def tasks(self) -> list[TaskSet]:
        """The task sets that the merge is scored on."""
        return self._tasks

    def recall(self) -> PartialGen[None]:
        """Look up what is cached of the base and the experts."""
        for number, model in enumerate(self._models):
            yield Progress("Looking up scores", number, len(self._models), model.name, "models")
            content = body_hash(model, self._base)
            known = [self._recalled(content, task) for task in self._asked_of(model)]
            self.found.references[model.name] = [score for score in known if score]
        yield self._told()

    @property
    def stages(self) -> int:
        """How often `run` counts rows from 0."""
        return 1 + len(self._unscored())

    def run(self, body: dict[str, Tensor]) -> PartialGen[None]:
        """Score the merged `body` (base file keys), then the models that are not in the cache."""
        found = self.found = replace(self.found, begun=True)
        yield from self._told_in_time()
        for step in scored_in_blocks(body, self._tasks, found.split, self._rows, found.device):
            yield from [step] if isinstance(step, Progress) else self._add(step)
        unscored = self._unscored()
        if unscored:
            yield self._told()
        for model in unscored:
            work = scored(body_of(model, self._base), self._asked_of(model), found.split, self._rows, found.device)
            found.references[model.name] = yield from map_progress(work, partial(_of_model, name=model.name))
            yield self._told()
        self.found = replace(self.found, complete=True)
        yield self._told()

    def _add(self, score: Score) -> Iterator[Partial]:
        """Take a score, and tell it, but for the last one: the word that follows has it."""
        found = self.found
        latest = {each.task: each for each in (*found.scores, score)}
        scores = [latest[task.name] for task in self._tasks if task.name in latest]
        waiting = tuple(name for name in found.waiting if name not in latest)
        self.found = replace(found, scores=scores, waiting=waiting)
        if waiting or not all(each.complete for each in scores):
            yield from self._told_in_time()

    def _told_in_time(self) -> Iterator[Partial]:
        """What is known by now, unless something was told just before."""
        if time.monotonic() >= self._told_at + PACE:
            yield self._told()

    def _told(self) -> Partial:
        """What is known by now; the lists go on growing, so these are copies."""
        found, self._told_at = self.found, time.monotonic()
        return Partial(replace(found, scores=list(found.scores), references=dict(found.references)))

    def _recalled(self, content: str, task: TaskSet) -> Score | None:
        return recalled_score(content, task, self.found.split, self._rows, self.found.device)

    def _asked_of(self, model: Checkpoint) -> list[TaskSet]:
        return asked_of(model, self._base, self._models[1:], self._tasks)

    def _unscored(self) -> list[Checkpoint]:
        known = self.found.references
        return [model for model in self._models if len(known.get(model.name, ())) < len(self._asked_of(model))]
