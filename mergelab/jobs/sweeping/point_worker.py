"""A process on some machine that merges and asks points of a sweep."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mergelab.engine import Plan
from mergelab.evaluation.answer_sheet import answers_key
from mergelab.evaluation.kinds import Answer
from mergelab.evaluation.tasks import TaskSet
from mergelab.jobs.sweeping.point_models import Block, MergeFacts, PointModels
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime import portable
from mergelab.runtime.progress import finish
from mergelab.runtime.provenance import provenance
from mergelab.runtime.source_digest import source_digest
from mergelab.sweeps import SweepError

SOURCES = (
    *("linalg", "methods", "kernels", "recipe", "checkpoints", "engine", "evaluation"),
    *("runtime/randomness.py", "jobs/recipe_plans.py", "jobs/sweeping/point_models.py"),
)
"""The folders and modules of this package that decide the bits of a merge."""
SHARED = "put it into a folder that every node sees at the same path (docs/cluster.md)"


@dataclass(frozen=True)
class WorkerOrder:
    """What a worker is to be, so that it gives the bits that the machine of the sweep would give.

    `folder` is where relative paths begin. `computing` are the versions and the processor by name, `contents` the hashes of the
    models and of what else decides answers, by what they are hashes of.
    """

    recipe: Recipe
    own: TaskFiles
    names: Sequence[str] | None
    device: str
    threads: int
    folder: str
    computing: Mapping[str, str]
    contents: Mapping[str, str]

    @classmethod
    def here(cls, models: PointModels, planned: Plan) -> WorkerOrder:
        """The order for workers like this process, whose `models` are open with `planned` as the plan of the sweep's recipe."""
        import torch

        threads, folder, seen = torch.get_num_threads(), str(Path.cwd()), contents(planned, models.tasks)
        return cls(planned.recipe, models.own, models.names, models.device, threads, folder, computing(), seen)


class PointWorker:
    """`PointModels` without progress, for one order. It may be asked once `open` has returned, and `open` may be repeated."""

    def __init__(self, order: WorkerOrder) -> None:
        self._order = order
        self._models: PointModels | None = None

    def open(self) -> None:
        """Open the models and compare them with the order. Raises `SweepError`."""
        if self._models is None:
            self._take_place()
            self._models = self._opened()

    def merge(self, recipe: Recipe) -> MergeFacts:
        """Merge a point."""
        return finish(self._open_models.merge(recipe))

    def answer(self, recipe: Recipe, blocks: Sequence[Block]) -> list[list[Answer]]:
        """The answers of a point to blocks of rows."""
        return [finish(self._open_models.answer(recipe, block)) for block in blocks]

    def drop(self, digest: str) -> None:
        """Free the memory of a point's merge."""
        self._open_models.drop(digest)

    @property
    def _open_models(self) -> PointModels:
        assert self._models, "a worker is asked after it has opened its models"
        return self._models

    def _take_place(self) -> None:
        """Be a process like the one that the order comes from; refuse where this machine cannot."""
        import torch

        with suppress(OSError):  # without that folder, relative paths are missed by their names below
            os.chdir(self._order.folder)
        threads, processors = self._order.threads, os.cpu_count() or 1
        if processors < threads:
            raise SweepError(
                f"the worker on {socket.gethostname()} has {processors} processors, fewer than the {threads} threads of the sweep, so "
                f"that its results could differ; set OMP_NUM_THREADS={processors} before the command"
            )
        torch.set_num_threads(threads)
        _compare(self._order.computing, computing())

    def _opened(self) -> PointModels:
        order = self._order
        models = PointModels(order.own, order.names, order.device)
        try:
            planned = finish(models.open(order.recipe))
            found = contents(planned, models.tasks)
        except (ValueError, OSError) as error:
            raise SweepError(
                f"the worker on {socket.gethostname()} cannot open what the sweep's machine has opened: {error}; {SHARED}"
            ) from error
        for name, content in order.contents.items():
            if found.get(name) != content:
                raise SweepError(f"the worker on {socket.gethostname()} finds another content in {name}; {SHARED}")
        return models


def contents(planned: Plan, tasks: Sequence[TaskSet]) -> dict[str, str]:
    """The hashes of the models, and of each task's rows with all that decides how they are asked."""
    models = [planned.base, *planned.experts]
    rows = {
        f"the {split} rows of {task.name}": answers_key("", task, split)
        for task in tasks
        for split in sorted(task.splits())
    }
    return {model.name: model.content_hash() for model in models} | rows


def computing() -> dict[str, str]:
    """The versions of what computes, and the processor where it decides bits.

    A version does not tell a method, or what it computes with, that somebody is working on; its sources do.
    """
    import torch

    found = provenance()
    processor = f"{found['processor']['model']} with {found['torch_instructions']}"
    return {
        "mergelab": found["mergelab"],
        "mergelab's sources": source_digest(SOURCES)[:12],
        **found["libraries"],
        **({} if portable.asked() else {"processor": processor}),
        **({"GPU": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}),
    }


def _compare(wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    for name in {**wanted, **found}:
        here, there = found.get(name, "none"), wanted.get(name, "none")
        if here != there:
            step = "install the same versions on every node"
            if name == "processor":
                step = "set MERGELAB_PORTABLE=1 before the command, or use nodes of one kind"
            raise SweepError(
                f"the worker on {socket.gethostname()} computes with {name} {here}, the sweep's machine with {there}, so that results "
                f"could differ; {step}"
            )
