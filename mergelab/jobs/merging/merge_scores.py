"""The scores of a merge beside those of its base and experts, each told as soon as it is known."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from torch import Tensor

from mergelab.checkpoints import Checkpoint, hash_state
from mergelab.engine import Plan
from mergelab.evaluation.answerers import asked_of
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scoring import EVERY_ROW, BlockScoring, body_hash, first_block, recalled_score
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import Partial, PartialGen, Progress

PACE = 0.25
"""Seconds between two partial results: a page that draws every one of them would be late with the last."""


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


@dataclass(frozen=True)
class _Whole:
    """The rows of the merge and of the models beside it."""

    parts: Sequence[BlockScoring]

    def place(self, step: Progress, part: BlockScoring) -> Progress:
        """The progress of one part among all of them."""
        others = [each.progress for each in self.parts if each is not part]
        done, total = step.done + sum(each.done for each in others), step.total + sum(each.total for each in others)
        return replace(step, done=done, total=total)


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

    def run(self, body: dict[str, Tensor]) -> PartialGen[None]:
        """Score the merged `body` (base file keys) and the models that are not in the cache, block by block.

        These models answer a block before the merge goes on to it, so that both can be compared as soon as the merge has a
        score; only on its first block the merge does not wait for them.
        """
        self.found, first = replace(self.found, begun=True), first_block(body)
        if first < EVERY_ROW:  # a small model's first score comes before this could be read
            yield from self._told_in_time()
        merged = self._scoring(hash_state(body), self._tasks, first)
        others = [(model, self._scoring_of(model, first)) for model in self._unscored()]
        whole = _Whole([merged, *(scoring for _, scoring in others)])
        for score in merged.scores:
            yield from self._add(score)
        for bound, next_bound in pairwise([*merged.bounds, EVERY_ROW]):
            for step in merged.until(bound, body):
                yield from [whole.place(step, merged)] if isinstance(step, Progress) else self._add(step)
            if others:
                yield self._told()  # they may take long
            for model, scoring in others:
                yield from self._answered(model, scoring, next_bound, whole)
        yield whole.place(merged.progress, merged)
        self.found = replace(self.found, complete=True)
        yield self._told()

    def _answered(self, model: Checkpoint, scoring: BlockScoring, bound: int, whole: _Whole) -> PartialGen[None]:
        """Let the base or an expert answer the rows that are missing among the first `bound`."""
        if scoring.is_answered(bound):
            return
        for step in scoring.until(bound, body_of(model, self._base)):
            if isinstance(step, Progress):
                yield replace(whole.place(step, scoring), detail=model.name)
        self.found.references[model.name] = scoring.scores
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
        return Partial(replace(found, scores=list(found.scores), references=self._comparable()))

    def _comparable(self) -> dict[str, list[Score]]:
        """The scores of base and experts on at least the rows that the merge has answered: fewer would be other rows."""
        merged = {score.task: score.n for score in self.found.scores}
        return {
            model: [score for score in scores if score.n >= merged.get(score.task, 0)]
            for model, scores in self.found.references.items()
        }

    def _scoring_of(self, model: Checkpoint, first: int) -> BlockScoring:
        return self._scoring(body_hash(model, self._base), self._asked_of(model), first)

    def _scoring(self, content: str, tasks: Sequence[TaskSet], first: int) -> BlockScoring:
        return BlockScoring.of(content, tasks, self.found.split, self._rows, self.found.device, first)

    def _recalled(self, content: str, task: TaskSet) -> Score | None:
        return recalled_score(content, task, self.found.split, self._rows, self.found.device)

    def _asked_of(self, model: Checkpoint) -> list[TaskSet]:
        return asked_of(model, self._base, self._models[1:], self._tasks)

    def _unscored(self) -> list[Checkpoint]:
        known = self.found.references
        return [model for model in self._models if len(known.get(model.name, ())) < len(self._asked_of(model))]
