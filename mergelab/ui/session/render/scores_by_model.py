"""The scores of a merge and of its base and experts, by what each model is in a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.jobs.workbench import MergeScores, Run

AnyScores = Run | MergeScores
"""The scores of a finished merge, or of one that is still under way."""


@dataclass(frozen=True)
class TaskFace:
    """A task: its title, the expert that was trained for it (empty without one), and its metric."""

    title: str
    expert: str
    metric: str = "accuracy"

    @property
    def is_share(self) -> bool:
        """Whether its scores are shares of examples, which alone have a mean."""
        return find_metric(self.metric).is_share


def by_role(run: AnyScores, tasks: Mapping[str, TaskFace]) -> dict[str, dict[str, Score]]:
    """The scores of the base, of each task's own expert, and of the merged model (`base`, `own`, `merged`), each by task.

    Base and experts are scored on the rows that the merged model has answered.
    """
    experts = _experts_of(run, tasks)
    found: dict[str, dict[str, Score]] = {"base": {}, "own": {}}
    for model, scores in run.references.items():
        for score in scores:
            if model not in experts:
                found["base"][score.task] = score
            elif score.task in tasks and tasks[score.task].expert == model:
                found["own"][score.task] = score
    merged = {score.task: score for score in run.scores}
    same = {
        role: {task: _on_rows_of(merged.get(task), each) for task, each in of.items()} for role, of in found.items()
    }
    return {**same, "merged": merged}


def by_expert(run: AnyScores, tasks: Mapping[str, TaskFace]) -> dict[str, dict[str, Score]]:
    """The scores of experts on tasks that are not their own, by task and model, on the rows that the merged model has
    answered."""
    merged, found = {score.task: score for score in run.scores}, dict[str, dict[str, Score]]()
    for model in run.references.keys() & _experts_of(run, tasks):
        for score in run.references[model]:
            if score.task in tasks and tasks[score.task].expert != model:
                found.setdefault(score.task, {})[model] = _on_rows_of(merged.get(score.task), score)
    return found


def _experts_of(run: AnyScores, tasks: Mapping[str, TaskFace]) -> set[str]:
    return {face.expert for face in tasks.values()} | {expert["model"] for expert in run.recipe["models"]}


def _on_rows_of(merged: Score | None, other: Score) -> Score:
    """The other model's score on the rows that the merged one has answered so far, so that both can be compared."""
    return other.on_first(merged.n) if merged else other
