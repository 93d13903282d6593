"""The calls for programs: a recipe as YAML or JSON text in, or task sets of one's own; plain JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

import gradio as gr

from mergelab.analysis.preview import Preview
from mergelab.analysis.preview import preview as look_up
from mergelab.analysis.sketch import sketch_needs
from mergelab.evaluation.tasks.own.task_look import TaskLook
from mergelab.jobs.recording.run_facts import recipe_request
from mergelab.jobs.workbench import Run, TaskLooks
from mergelab.methods.knobs import brief
from mergelab.recipe import Recipe
from mergelab.runs import RunKind, RunRequest, RunResult
from mergelab.ui.form.recipe_name import recipe_name
from mergelab.ui.messages import Status
from mergelab.ui.page.uploads.called_tasks import CalledTasks, given_tasks, text_of, texts_of
from mergelab.ui.page.visitor import owner_of
from mergelab.ui.session.job_cache import CrashError, Stopper, StopPressedError
from mergelab.ui.session.remembering.recorded_merge import recorded_merge
from mergelab.ui.session.server import Lab
from mergelab.ui.session.status import Stopwatch

CALLS = "calls"
"""The group of runs that programs asked for."""


def add_endpoints(lab: Lab) -> None:
    """Register `preview`, `merge`, `evaluate` and `check_task` on the current Blocks."""

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
        task_files: list[str] | None = None,
        uploads: list[dict[str, Any]] | None = None,
        task_yml: str = "",
    ) -> list[dict[str, Any]]:
        """Only the scores of a recipe's merge, by default on test examples; choose settings on validation examples.

        With task_files (paths on the server, EXPERT=TASK) or uploads (gradio_client.handle_file), on these task sets. task_yml says
        what their columns and names do not."""
        with _told(), given_tasks(task_files, uploads, task_yml) as given:
            options = {"tasks": _tasks(tasks), "split": split, "rows": _rows(rows), "device": device}
            return answer(
                request,
                lambda stopper: _evaluate(lab, _recipe(recipe), stopper, task_files=given.files, **options),
                given.plain,
            )

    def check_task(
        request: gr.Request,
        task_files: list[str] | None = None,
        uploads: list[dict[str, Any]] | None = None,
        task_yml: str = "",
        base: str = "",
        experts: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        """What task sets of one's own are: recognised kind and columns, rows by split, problems, the first rows as a model will see
        them, and a task.yml that says the same. One of base and experts answers, if they are given."""
        with _told(), given_tasks(task_files, uploads, task_yml) as given:
            models = {"base": text_of("base", base), "experts": texts_of("experts", experts)}
            return answer(request, lambda stopper: _check_task(lab, stopper, given, **models), given.plain)

    def answer(
        request: gr.Request, work: Callable[[Stopper], Generator[Status, None, T]], plain: Callable[[str], str] = str
    ) -> T:
        with _told(plain), lab.job_limits.place(owner_of(request)):
            return _answer(work)

    for endpoint in (preview, merge, evaluate, check_task):
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
def _told(plain: Callable[[str], str] = str) -> Iterator[None]:
    """Problems with the input, and limits, reach the caller as a sentence, which `plain` may change."""
    try:
        yield
    except (ValueError, CrashError, StopPressedError) as error:
        raise gr.Error(plain(str(error)) or "stopped", print_exception=False) from error


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
    job = lab.job_cache.follow(
        Stopwatch("Merging"),
        stopper,
        "merge",
        recipe=recipe.to_mapping(),
        models_dir=lab.settings.models_dir,
        hashed=True,
        **options,
    )
    return run_data((yield from recorded_merge(lab.job_cache.run_memory, partial(_request, recipe, options), job)))


def _evaluate(
    lab: Lab, recipe: Recipe, stopper: Stopper, **options: Any
) -> Generator[Status, None, list[dict[str, Any]]]:
    job = lab.job_cache.follow(
        Stopwatch("Scoring"),
        stopper,
        "evaluate",
        recipe=recipe.to_mapping(),
        models_dir=lab.settings.models_dir,
        **options,
    )
    _, scores = yield from lab.job_cache.run_memory.recorded(
        partial(_request, recipe, options), job, lambda found: RunResult(scores=tuple(found)), (StopPressedError,)
    )
    return [asdict(score) for score in scores]


def _request(recipe: Recipe, options: Mapping[str, Any]) -> RunRequest:
    return recipe_request(
        RunKind.EVALUATION, recipe_name(recipe), recipe, options["device"], options["split"], group=CALLS
    )


def _check_task(
    lab: Lab, stopper: Stopper, given: CalledTasks, **models: Any
) -> Generator[Status, None, list[dict[str, Any]]]:
    found: TaskLooks = yield from lab.job_cache.follow(
        Stopwatch("Reading the task sets"),
        stopper,
        "look_at_tasks",
        task_files=given.files,
        models_dir=lab.settings.models_dir,
        **models,
    )
    return [look_data(look, found.remark, given.plain) for look in found.looks]


def look_data(look: TaskLook, remark: str, plain: Callable[[str], str] = str) -> dict[str, Any]:
    """What was seen of a task set as plain JSON; `plain` may change what names files."""
    shown = [{**asdict(row), "place": plain(row.place)} for row in look.rows]
    told = {name: [plain(each) for each in getattr(look.report, name)] for name in ("notes", "problems")}
    report = {**asdict(look.report), **told, "name": plain(look.report.name)}
    return {
        **report,
        "table": list(look.table),
        "split": look.split,
        "shown": shown,
        "task_yml": look.text,
        "remark": remark,
    }


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
    """A run as plain JSON; `run` is the number under which it is remembered, or null."""
    return {
        "run": run.number or None,
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
