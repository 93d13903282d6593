"""A worker without a process: jobs that report what a test tells them to, and the tiny lab they serve."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from tiny_states import State, plan_for, random_state, tuned

from mergelab.analysis.preview import curves, narrowed, preview
from mergelab.analysis.sketch import Sketch, build_sketch
from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score
from mergelab.jobs import Event, Finished, Queued, Stopped
from mergelab.jobs.workbench import Run
from mergelab.recipe import Recipe
from mergelab.runtime.progress import Partial, Progress, finish
from mergelab.ui.form.form import Form, Models
from mergelab.ui.session.chart_data import Cell, ChartData, tensors_at
from mergelab.ui.session.job_cache import JobCache
from mergelab.ui.session.server import Lab
from mergelab.ui.session.session import Session
from mergelab.ui.session.update import Update

SHAPES = {f"encoder.layer.{layer}.output.dense.weight": (8, 8) for layer in range(2)}
BASE = random_state(1, 1.0, SHAPES)
EXPERTS: dict[str, State] = {f"tiny/{name}": state for name, state in tuned(BASE, 3).items()}
MODELS = Models("tiny", {"tiny/a": "Expert A", "tiny/b": "Expert B", "tiny/c": "Expert C"})


def form(**fields: Any) -> Form:
    """The sidebar with TIES and all three experts."""
    return Form(**{"models": MODELS, "chosen": tuple(MODELS.titles), "method": "ties", **fields})


def sketch_of(recipe: Mapping[str, Any]) -> Sketch:
    """The real sketch of the tiny models."""
    chosen = [entry["model"] for entry in recipe["models"]]
    return finish(build_sketch(plan_for(recipe, {name: EXPERTS[name] for name in chosen}, BASE)))


def charts(at: Cell | None = None, **fields: Any) -> ChartData:
    """The charts of a form, of all tensors or of one cell."""
    recipe = form(**fields).recipe()
    sketch = sketch_of(recipe.to_mapping())
    return charts_of(recipe, sketch, at)


def charts_of(recipe: Recipe, sketch: Sketch, at: Cell | None = None) -> ChartData:
    """The charts of a recipe by look-up in a sketch."""
    tensors = tensors_at(sketch, at)
    shown = narrowed(preview(sketch, recipe), sketch, tensors)
    return ChartData(shown, recipe, MODELS, sketch, curves(sketch, recipe, tensors), at)


def answers(right: int, n: int = 100) -> Answers:
    """Right answers to the first rows, wrong ones to the others."""
    return Answers.of(Rows(("x",) * n, torch.zeros(n).long()), [Answer((float(row < right),), 0) for row in range(n)])


def run_of(recipe: Mapping[str, Any], split: str) -> Run:
    """A run with made-up scores."""
    checked = Recipe.from_mapping(recipe)
    score = Score("task-a", split, "accuracy", 0.8, 100, 0.7, 0.9, answers(80))
    shown = replace(preview(sketch_of(recipe), checked), label="exact")
    return Run(
        checked.to_mapping(),
        checked.digest(),
        [score],
        {"tiny/base": [score], "tiny/a": [score]},
        shown,
        split,
        "cpu",
        0.1,
        128,
        notes=["a note"],
    )


class FakeJob:
    """Yields its events; blocks at a `threading.Event` among them until that is set or the job is stopped."""

    def __init__(self, script: list[Any]) -> None:
        self.script, self.ended = script, None
        self.stopped = threading.Event()

    def events(self) -> Iterator[Event]:
        yield Queued(0)
        for step in self.script:
            if isinstance(step, threading.Event):
                while not step.wait(0.01):
                    if self.stopped.is_set():
                        self.ended = Stopped()
                        yield self.ended
                        return
                continue
            if not isinstance(step, Progress | Partial | Queued):
                self.ended = step
            yield step

    def stop(self, grace: float = 2.0) -> None:
        self.stopped.set()


class FakeWorker:
    """Answers sketch and merge at once, unless `scripts` has another story for the function."""

    def __init__(self, **scripts: Callable[[], list[Any]]) -> None:
        self.scripts, self.calls, self.jobs = scripts, [], []
        self.closed = False

    def submit(self, function: str, /, **arguments: Any) -> FakeJob:
        self.calls.append((function, arguments))
        script = self.scripts[function]() if function in self.scripts else [Finished(self._answer(function, arguments))]
        self.jobs.append(FakeJob(script))
        return self.jobs[-1]

    def _answer(self, function: str, arguments: Mapping[str, Any]) -> Any:
        if function == "ready_to_score":
            return None
        if function == "sketch" and arguments["recipe"]["base"] != MODELS.base:
            return f"the sketch of {arguments['recipe']['base']}"
        if function == "sketch":
            return sketch_of(arguments["recipe"])
        return run_of(arguments["recipe"], arguments["split"]) if function == "merge" else f"{arguments['out']}.zip"

    def named(self, function: str) -> list[dict[str, Any]]:
        return [arguments for called, arguments in self.calls if called == function]

    def close(self) -> None:
        self.closed = True


def lab(**scripts: Callable[[], list[Any]]) -> tuple[Lab, FakeWorker]:
    """A server of the tiny models, and the worker behind it."""
    worker, reader = FakeWorker(**scripts), FakeWorker(**{"ready": lambda: [Finished(None)], **scripts})
    return Lab(job_cache=JobCache(lambda: worker, start_reader=lambda: reader)), worker  # type: ignore[arg-type,return-value]


def opened(**scripts: Callable[[], list[Any]]) -> tuple[Session, FakeWorker]:
    """A visitor's session on such a server."""
    found, worker = lab(**scripts)
    return found.session("visitor"), worker


def last(updates: Iterable[Update]) -> Update:
    """What the page shows in the end."""
    return list(updates)[-1]
