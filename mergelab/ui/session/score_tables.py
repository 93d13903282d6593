"""The scores of a run as rows of a table and as data for the bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas

from mergelab.charts import style_of
from mergelab.checkpoints import Suite
from mergelab.evaluation import evaluate
from mergelab.evaluation.paired import PairedDifference, mean_difference, paired_difference
from mergelab.jobs.workbench import Run
from mergelab.recipe import Recipe
from mergelab.ui.form.form import Models
from mergelab.ui.messages import ScoreDifference, ScoreMessage, ScoreRow, ScoreState

Places = Mapping[str, int]


@dataclass(frozen=True)
class TaskFace:
    """A task: its title, and the expert that was trained for it."""

    title: str
    expert: str


@dataclass(frozen=True)
class RunScores:
    """A run's scores, and whether they still belong to the recipe on screen. `number` counts the person's own merges."""

    run: Run
    models: Models
    tasks: dict[str, TaskFace]
    state: ScoreState
    number: int

    def beside(self, recipe: Recipe, outdated: ScoreState) -> RunScores:
        """The same scores beside `recipe`: exact if they are its own, else in the state `outdated`."""
        fits = self.run.digest == recipe.digest()
        state = outdated if not fits else self.state if self.state in ("exact", "live") else "exact"
        return self if state == self.state else replace(self, state=state)


def faces(suite: Suite) -> dict[str, TaskFace]:
    """The tasks of a suite by name, in the suite's order."""
    return {name: TaskFace(task.title, f"{suite.name}/{task.head}") for name, task in suite.tasks.items()}


def score_frame(run: Run, tasks: Mapping[str, TaskFace], places: Places) -> pandas.DataFrame:
    """One row per score: task, title, role (base, own, other, merged), model, place, value, low, high, n, metric."""
    records = []
    for model, scores in {**run.references, "merged": run.scores}.items():
        for score in scores:
            face = tasks.get(score.task, TaskFace(score.task, ""))
            more = {"title": face.title, "role": _role(model, face, places), "model": model}
            records.append({**vars(score), **more, "place": places.get(model, 0)})
    columns = ["task", "title", "role", "model", "place", "value", "low", "high", "n", "metric"]
    return pandas.DataFrame(records, columns=columns)


def _role(model: str, face: TaskFace, places: Places) -> str:
    if model in ("merged", face.expert):
        return "merged" if model == "merged" else "own"
    return "other" if model in places else "base"


def table(run: Run, tasks: Mapping[str, TaskFace], places: Places) -> list[ScoreRow]:
    """One row per task, then the mean over tasks; a model that was not scored on a task is None."""
    by_role = _by_role(run, tasks)
    rows = [
        _row(face, by_role["base"].get(name), by_role["own"].get(name), merged, places)
        for name, face in tasks.items()
        if (merged := by_role["merged"].get(name))
    ]
    return [*rows, _mean_row(by_role, rows)] if len(rows) > 1 else rows


def _row(
    face: TaskFace, base: evaluate.Score | None, own: evaluate.Score | None, merged: evaluate.Score, places: Places
) -> ScoreRow:
    place = places.get(face.expert)
    colour = None if place is None else style_of(place).colour
    differences = _difference(merged, base), _difference(merged, own)
    paired = difference_message(_paired(base, merged)), difference_message(_paired(own, merged))
    scores = score_message(base), score_message(own), score_message(merged)
    return ScoreRow(face.title, place, merged.n, merged.metric, *scores, *differences, *paired, colour)


def _mean_row(by_role: Mapping[str, Mapping[str, evaluate.Score]], rows: Sequence[ScoreRow]) -> ScoreRow:
    base, own, merged = (_mean(list(by_role[role].values()), len(rows)) for role in ("base", "own", "merged"))
    differences = _difference(merged, base), _difference(merged, own)
    paired_base, paired_own = (
        difference_message(_mean_paired(by_role[role], by_role["merged"], len(rows))) for role in ("base", "own")
    )
    scores = score_message(base), score_message(own), score_message(merged)
    return ScoreRow(
        "Mean", None, sum(row.n for row in rows), rows[0].metric, *scores, *differences, paired_base, paired_own, None
    )


def _by_role(run: Run, tasks: Mapping[str, TaskFace]) -> dict[str, dict[str, evaluate.Score]]:
    experts = {face.expert for face in tasks.values()} | {expert["model"] for expert in run.recipe["models"]}
    found: dict[str, dict[str, evaluate.Score]] = {"base": {}, "own": {}}
    for model, scores in run.references.items():
        for score in scores:
            if model not in experts:
                found["base"][score.task] = score
            elif score.task in tasks and tasks[score.task].expert == model:
                found["own"][score.task] = score
    return {**found, "merged": {score.task: score for score in run.scores}}


def _mean(scores: list[evaluate.Score], wanted: int) -> evaluate.Score | None:
    return evaluate.mean_score(scores) if len(scores) == wanted else None


def _paired(first: evaluate.Score | None, second: evaluate.Score | None) -> PairedDifference | None:
    return paired_difference(first, second) if first and second else None


def _mean_paired(
    first: Mapping[str, evaluate.Score], second: Mapping[str, evaluate.Score], wanted: int
) -> PairedDifference | None:
    """The mean difference if each of the wanted tasks has one."""
    found = [each for task, score in second.items() if (each := _paired(first.get(task), score))]
    return mean_difference(found) if len(found) == wanted else None


def score_message(score: evaluate.Score | None) -> ScoreMessage | None:
    """A score for the page."""
    return ScoreMessage(score.value, score.low, score.high) if score else None


def difference_message(difference: PairedDifference | None) -> ScoreDifference | None:
    """A paired difference for the page."""
    if difference is None:
        return None
    return ScoreDifference(difference.value, difference.low, difference.high, difference.is_clear)


def _difference(one: evaluate.Score | None, other: evaluate.Score | None) -> float | None:
    return one.value - other.value if one and other else None
