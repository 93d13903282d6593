"""The three calls for programs: a recipe as YAML or JSON text in, plain JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeVar

import gradio as gr

from mergelab.analysis.preview import Preview
from mergelab.analysis.preview import preview as look_up
from mergelab.analysis.sketch import sketch_needs
from mergelab.jobs.workbench import Run
from mergelab.methods.knobs import brief
from mergelab.recipe import Recipe
from mergelab.ui.messages import Status
from mergelab.ui.page.visitor import owner_of
from mergelab.ui.session.job_cache import CrashError, Stopper, StopPressedError
from mergelab.ui.session.server import Lab
from mergelab.ui.session.status import Stopwatch


def add_endpoints(lab: Lab) -> None:
    """Register `preview`, `merge` and `evaluate` on the current Blocks."""

    def preview(request: gr.Request, recipe: str) -> dict[str, Any]:
        """What a recipe (YAML or JSON text) would keep and where its experts disagree, without merging."""
        return answer(request, lambda stopper: _preview(lab, _recipe(recipe), stopper))

    def merge(
        request: gr.Request, recipe: str, tasks: list[str] | None = None, rows: int | None = None, device: str = "auto"
    ) -> dict[str, Any]:
        """Merge a recipe and score it on validation examples: scores with intervals, references, exact diagnostics, notes."""
        return answer(
            request,
            lambda stopper: _merge(
                lab, _recipe(recipe), stopper, tasks=_tasks(tasks), split="validation", rows=_rows(rows), device=device
            ),
        )

    def evaluate(
        request: gr.Request,
        recipe: str,
        split: str = "test",
        tasks: list[str] | None = None,
        rows: int | None = None,
        device: str = "auto",
    ) -> list[dict[str, Any]]:
        """Only the scores of a recipe's merge, by default on test examples; choose settings on validation examples."""
        return answer(
            request,
            lambda stopper: _evaluate(
                lab, _recipe(recipe), stopper, tasks=_tasks(tasks), split=split, rows=_rows(rows), device=device
            ),
        )

    def answer(request: gr.Request, work: Callable[[Stopper], Generator[Status, None, T]]) -> T:
        with _told(), lab.job_limits.place(owner_of(request)):
            return _answer(work)

    for endpoint in (preview, merge, evaluate):
        gr.api(endpoint, api_name=endpoint.__name__, concurrency_id="calls", concurrency_limit=None)


def _recipe(given: object) -> Recipe:
    if not isinstance(given, str):
        raise ValueError(f"recipe must be YAML or JSON text, got {brief(given)}")
    return Recipe.from_yaml(given)


def _tasks(given: object) -> list[str] | None:
    if given is not None and not (isinstance(given, list) and all(isinstance(name, str) for name in given)):
        raise ValueError(f"tasks must be a list of names, or null for all, got {brief(given)}")
    return given or None


def _rows(given: object) -> int | None:
    if given is not None and (isinstance(given, bool) or not isinstance(given, int)):
        raise ValueError(f"rows must be a whole number, or null for all, got {brief(given)}")
    return given


Work = Generator[Status, None, dict[str, Any]]
T = TypeVar("T")


def _answer(work: Callable[[Stopper], Generator[Status, None, T]]) -> T:
    """Do the work to its end."""
    steps = work(Stopper())
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


@contextmanager
def _told() -> Iterator[None]:
    """Problems with the input, and limits, reach the caller as a sentence."""
    try:
        yield
    except (ValueError, CrashError, StopPressedError) as error:
        raise gr.Error(str(error) or "stopped", print_exception=False) from error


def _preview(lab: Lab, recipe: Recipe, stopper: Stopper) -> Work:
    sketch = yield from lab.job_cache.once(
        lab.job_cache.sketches,
        (sketch_needs(recipe), 0),
        Stopwatch("Reading the models"),
        stopper,
        "sketch",
        recipe=recipe.to_mapping(),
        device=lab.settings.device,
        models_dir=lab.settings.models_dir,
    )
    return {"recipe": recipe.to_mapping(), "digest": recipe.digest(), **preview_data(look_up(sketch, recipe))}


def _merge(lab: Lab, recipe: Recipe, stopper: Stopper, **options: Any) -> Work:
    run: Run = yield from lab.job_cache.follow(
        Stopwatch("Merging"),
        stopper,
        "merge",
        recipe=recipe.to_mapping(),
        models_dir=lab.settings.models_dir,
        **options,
    )
    return run_data(run)


def _evaluate(
    lab: Lab, recipe: Recipe, stopper: Stopper, **options: Any
) -> Generator[Status, None, list[dict[str, Any]]]:
    scores = yield from lab.job_cache.follow(
        Stopwatch("Scoring"),
        stopper,
        "evaluate",
        recipe=recipe.to_mapping(),
        models_dir=lab.settings.models_dir,
        **options,
    )
    return [asdict(score) for score in scores]


def preview_data(shown: Preview) -> dict[str, Any]:
    """A preview as plain JSON; undefined shares are null."""
    return {
        "label": shown.label,
        "remark": shown.remark,
        "notice": shown.notice,
        "numbers": {number.name: None if number.value != number.value else number.value for number in shown.numbers},
        "experts": json.loads(shown.experts.to_json(orient="records")),
        "cells": json.loads(shown.cells.to_json(orient="records")),
    }


def run_data(run: Run) -> dict[str, Any]:
    """A run as plain JSON."""
    return {
        "recipe": run.recipe,
        "digest": run.digest,
        "split": run.split,
        "device": run.device,
        "seconds": run.seconds,
        "parameters": run.parameters,
        "notes": run.notes,
        "left_out": run.left_out,
        "scores": [asdict(score) for score in run.scores],
        "references": {model: [asdict(score) for score in scores] for model, scores in run.references.items()},
        "diagnostics": preview_data(run.preview),
    }
