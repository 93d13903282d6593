"""Scores as the page shows them: one table and one set of bars for each split, kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas

from mergelab.checkpoints import Suite
from mergelab.evaluation.evaluate import Score, mean_score
from mergelab.jobs.workbench import Run

MEAN = "mean"


@dataclass(frozen=True)
class TaskFace:
    """A task as the page calls it: its title, and the expert that was trained for it."""

    title: str
    expert: str


def faces(suite: Suite) -> dict[str, TaskFace]:
    """The tasks of a suite by name, in the suite's order."""
    return {name: TaskFace(task.title, f"{suite.name}/{task.head}") for name, task in suite.tasks.items()}


def score_frame(run: Run, tasks: Mapping[str, TaskFace], places: Mapping[str, int]) -> pandas.DataFrame:
    """One row a score: task, title, role (base, own, other, merged), model, place, value, low, high, n, metric."""
    records = []
    for model, scores in {**run.references, "merged": run.scores}.items():
        for score in scores:
            face = tasks.get(score.task, TaskFace(score.task, ""))
            role = (
                "merged"
                if model == "merged"
                else "own"
                if model == face.expert
                else "other"
                if model in places
                else "base"
            )
            records.append(
                {**vars(score), "title": face.title, "role": role, "model": model, "place": places.get(model, 0)}
            )
    columns = ["task", "title", "role", "model", "place", "value", "low", "high", "n", "metric"]
    return pandas.DataFrame(records, columns=columns)


def table(run: Run, tasks: Mapping[str, TaskFace], places: Mapping[str, int]) -> list[dict[str, Any]]:
    """The rows of the scores table, last the mean over tasks; a model that was not scored on a task is None."""
    by_role = _by_role(run, tasks)
    rows = [
        {
            "title": face.title,
            "place": places.get(face.expert),
            "n": merged.n,
            "metric": merged.metric,
            **_cells(by_role["base"].get(name), by_role["own"].get(name), merged),
        }
        for name, face in tasks.items()
        if (merged := by_role["merged"].get(name))
    ]
    if len(rows) > 1:
        means = [_mean(list(by_role[role].values()), len(rows)) for role in ("base", "own", "merged")]
        rows.append(
            {
                "title": "Mean",
                "place": None,
                "n": sum(row["n"] for row in rows),
                "metric": rows[0]["metric"],
                **_cells(*means),
            }
        )
    return rows


def _by_role(run: Run, tasks: Mapping[str, TaskFace]) -> dict[str, dict[str, Score]]:
    experts = {face.expert for face in tasks.values()}
    found: dict[str, dict[str, Score]] = {"base": {}, "own": {}, "merged": {score.task: score for score in run.scores}}
    for model, scores in run.references.items():
        for score in scores:
            if model not in experts and model not in (expert["model"] for expert in run.recipe["models"]):
                found["base"][score.task] = score
            elif score.task in tasks and tasks[score.task].expert == model:
                found["own"][score.task] = score
    return found


def _mean(scores: list[Score], wanted: int) -> Score | None:
    return mean_score(scores) if len(scores) == wanted else None


def _cells(base: Score | None, own: Score | None, merged: Score | None) -> dict[str, Any]:
    cells = {name: _cell(score) for name, score in (("base", base), ("own", own), ("merged", merged))}
    return {**cells, "over_base": _difference(merged, base), "to_own": _difference(merged, own)}


def _cell(score: Score | None) -> dict[str, float] | None:
    return {"value": score.value, "low": score.low, "high": score.high} if score else None


def _difference(one: Score | None, other: Score | None) -> float | None:
    return one.value - other.value if one and other else None
