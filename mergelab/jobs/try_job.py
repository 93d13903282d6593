"""The job that asks base, experts and merged model one question of a person."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import suite_of
from mergelab.engine import Plan, merged_body, prepare
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.kinds import Response, Rows
from mergelab.evaluation.task_models.asking import respond
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.jobs.evaluate_job import chosen_tasks
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe, with_calibration
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Partial, PartialGen, Progress, ProgressGen

MERGED = "merged"
GROWS_EVERY = 0.1
"""Seconds between two states of a text that grows: as fast as one reads, and far slower than small models write."""
MOST_BYTES = 2**30
"""Merged models up to this size are kept for the next question."""


@dataclass(frozen=True)
class Tried:
    """What a model said; `model` is its name, or `MERGED`. Its response goes on unless it is `complete`."""

    model: str
    response: Response
    complete: bool = True


@dataclass(frozen=True)
class Question:
    """A text, or the pixels of a picture: rows of numbers from 0 to 255."""

    text: str = ""
    picture: Sequence[Sequence[int]] | None = None

    def rows(self, task: TaskSet) -> Rows:
        """The question as the only row of a task. Raises `ValueError` if the task does not ask such questions."""
        if self.picture is None:
            return Rows.of([task.asked.question(self.text, task.chosen)])
        return Rows(torch.tensor(self.picture, dtype=torch.uint8)[None], torch.zeros(1, dtype=torch.int64))


def try_it(
    recipe: Mapping[str, Any],
    question: Question,
    task: str,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str | GivenTask] = (),
) -> PartialGen[list[Tried]]:
    """The responses of the merged model, the base and each expert to a question, asked as the examples of `task` are: one of
    the suite's, or of a person's own in `task_files`.

    Yields the list as `Partial` after each response, the merged model's first, and meanwhile as a text grows. Nothing is saved.
    The merged models of the last questions are kept in this process.
    """
    checked, where = read_recipe(recipe, models_dir), resolve(device)
    own = TaskFiles.of(task_files, checked, models_dir=models_dir)
    planned = yield from planned_recipe(checked, models_dir, where, own)
    tasks = own.task_sets(planned.base, planned.experts)
    suite = suite_of(checked.base or "")
    known = {**(suite_tasks(suite) if suite else {}), **{each.name: each for each in tasks}}
    [asked] = chosen_tasks(known, [task])
    rows, found = question.rows(asked), list[Tried]()
    models = [(MERGED, None), (planned.base.name, planned.base), *((each.name, each) for each in planned.experts)]
    for number, (name, model) in enumerate(models):
        yield Progress("Asking", number, len(models), name, "models")
        body = body_of(model, planned.base) if model else (yield from _merged(planned, where, tasks))
        for tried in _growing(name, respond(body, asked, rows, where)):
            yield Partial([*found, tried])
        found.append(tried)
    return found


def _growing(model: str, responses: Iterator[Response]) -> Iterator[Tried]:
    """A model's response as it grows, at most every `GROWS_EVERY` seconds, and when it is complete."""
    shown = time.monotonic()
    for response in responses:
        if time.monotonic() >= shown + GROWS_EVERY:
            yield Tried(model, response, complete=False)
            shown = time.monotonic()
    yield Tried(model, response)


_kept: OrderedDict[str, dict[str, Tensor]] = OrderedDict()


def _merged(planned: Plan, device: str, tasks: Sequence[TaskSet]) -> ProgressGen[dict[str, Tensor]]:
    """The merged tensors of a plan, from those that are kept or merged now."""
    models = [each.content_hash() for each in (planned.base, *planned.experts)]
    rows = [task.rows("calibration").digest() for task in tasks if "calibration" in task.splits()]
    key = repr((planned.recipe.digest(), models, device, rows))
    if key not in _kept:
        ready = yield from prepare((yield from with_calibration(planned, device, tasks)), device)
        _kept[key] = yield from merged_body(ready)
    _kept.move_to_end(key)
    while len(_kept) > 1 and sum(value.nbytes for body in _kept.values() for value in body.values()) > MOST_BYTES:
        _kept.popitem(last=False)
    return _kept[key]
