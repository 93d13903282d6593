"""Merges the points of a sweep and asks them rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from mergelab.checkpoints import hash_state, suite_of
from mergelab.engine import Plan, merged_body
from mergelab.engine.sweeping.shared_surveys import SharedSurveys
from mergelab.evaluation.kinds import Answer
from mergelab.evaluation.task_models.asking import ask
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.jobs.evaluate_job import chosen_tasks
from mergelab.jobs.recipe_plans import Planning, with_calibration
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.progress import ProgressGen

MEMORY = 2 * 2**30
"""Bytes of merges that stay in memory for their next block of rows."""

Body = Mapping[str, Tensor]


@dataclass(frozen=True)
class MergeFacts:
    """What is known of a merge without its tensors: their content hash and the number of their entries."""

    weights: str
    parameters: int


@dataclass(frozen=True)
class Block:
    """Rows of a split from `start` to before `stop`, in the order in which every model is asked; `task` is a place among the tasks."""

    task: int
    split: str
    start: int
    stop: int


class PointModels:
    """The models of a sweep, opened once, and the merges of its points as far as they have room in memory.

    `own` are a person's task sets, `names` limits the suite's. `tasks` are those that points answer, once `open` has found them.
    """

    def __init__(self, own: TaskFiles, names: Sequence[str] | None, device: str) -> None:
        self.own, self.names, self.device = own, names, device
        self._planning = Planning(own.models_dir, device, own)
        self._surveys = SharedSurveys(device)
        self._kept: dict[str, Body] = {}
        self.tasks: list[TaskSet] = []

    def open(self, recipe: Recipe) -> ProgressGen[Plan]:
        """Open the models that all points share, and find the tasks; returns the plan of `recipe`."""
        planned = yield from self._planning.planned(recipe)
        suite = suite_of(recipe.base or "")
        suites = chosen_tasks(suite_tasks(suite), self.names) if suite and not self.own.entries else []
        self.tasks = [*suites, *self.own.task_sets(planned.base, planned.experts)]
        return planned

    def merge(self, recipe: Recipe) -> ProgressGen[MergeFacts]:
        """Merge a point. Its merge stays for the rows that it is asked."""
        body = yield from self._merged(recipe)
        return MergeFacts(hash_state(body), sum(value.numel() for value in body.values()))

    def answer(self, recipe: Recipe, block: Block) -> ProgressGen[list[Answer]]:
        """What a point answers to a block of rows; it is merged again if its merge is gone."""
        task = self.tasks[block.task]
        body = yield from self._merged(recipe)
        return (yield from ask(body, task, task.rows(block.split).mixed, block.start, block.stop, self.device))

    def drop(self, digest: str) -> None:
        """Free the memory of the merge of the recipe with this digest."""
        self._kept.pop(digest, None)

    def _merged(self, recipe: Recipe) -> ProgressGen[Body]:
        digest = recipe.digest()
        if digest not in self._kept:
            self._make_room()
            planned = yield from self._planning.planned(recipe)
            tasks = self.own.task_sets(planned.base, planned.experts)
            planned = yield from with_calibration(planned, self.device, tasks)
            self._kept[digest] = yield from merged_body((yield from self._surveys.prepare(planned)))
        return self._kept[digest]

    def _make_room(self) -> None:
        """Drop the latest merges beyond the limit: the next block begins with the earliest."""
        while self._kept and sum(_nbytes(body) for body in self._kept.values()) > MEMORY:
            self._kept.popitem()


def _nbytes(body: Body) -> int:
    return sum(value.nbytes for value in body.values())
