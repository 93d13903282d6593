"""What a tracker is told of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

import yaml

from mergelab.evaluation.scores import Score
from mergelab.recipe import Recipe, RecipeError
from mergelab.runs.run_columns import run_settings, with_mean
from mergelab.runs.run_record import RunRecord, RunState


@dataclass(frozen=True)
class LoggedRun:
    """A run that has ended, as trackers know runs.

    `settings` are those of the recipe by their paths; `metrics` finite numbers by name: `SPLIT/TASK`, with `/n`, `/low` and
    `/high` for the rows and the interval, figures of the merge, and `seconds`. `tags` say which run it is. `recipe` is its YAML,
    empty text if a model was scored as it is.
    """

    number: int
    name: str
    group: str
    state: RunState
    settings: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    recipe: str


def logged_run(run: RunRecord) -> LoggedRun:
    """What there is to log of a run."""
    settings = {path: str(value) for path, value in run_settings(run.request.recipe).items() if run.request.recipe}
    metrics = {name: float(value) for name, value in _metrics(run) if isfinite(value)}
    tags = {f"mergelab.{name}": str(value) for name, value in _facts(run) if value}
    known = run.id, run.request.name, run.request.group, run.state
    return LoggedRun(*known, settings, metrics, tags, _yaml(run))


def _metrics(run: RunRecord) -> Iterator[tuple[str, float]]:
    if run.result is None:
        return
    for score in with_mean(run.result.scores):
        yield from _numbers(score)
    yield from run.result.figures.items()
    yield "seconds", run.result.seconds


def _numbers(score: Score) -> Iterator[tuple[str, float]]:
    name = f"{score.split}/{score.task}"
    yield from ((name, score.value), (f"{name}/n", score.n), (f"{name}/low", score.low), (f"{name}/high", score.high))


def _facts(run: RunRecord) -> Iterator[tuple[str, object]]:
    request, result = run.request, run.result
    yield from (("run", run.id), ("state", run.state.value), ("kind", request.kind.value), ("digest", request.digest))
    yield from (("device", request.device), ("group", request.group), ("version", request.provenance.get("mergelab")))
    yield from (("error", run.error), ("weights", result and result.weights), ("health", result and result.health))


def _yaml(run: RunRecord) -> str:
    """The recipe as this version writes it, or as it was given where this version cannot read it."""
    given = dict(run.request.recipe)
    if not given:
        return ""
    try:
        return Recipe.from_mapping(given).to_yaml()
    except RecipeError:
        return str(yaml.safe_dump(given, sort_keys=False, allow_unicode=True))
