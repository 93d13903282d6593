"""Merges and scores models of one suite on the same rows of its task sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from mergelab.checkpoints import hash_state, load_suite
from mergelab.engine import PreparedMerge, merged_body, prepare
from mergelab.evaluation.answer_sheet import AnswerSheet
from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.paired import PairedDifference, mean_difference, paired_difference
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.jobs.papers.reproduction import Bound, FigureRow, figure_row
from mergelab.jobs.recipe_plans import planned_recipe, with_calibration
from mergelab.recipe import Recipe
from mergelab.runtime.progress import ProgressGen

VALIDATION, TEST = "validation", "test"
Given = Mapping[str, Any]
"""A recipe's mapping."""
Scores = tuple[Score, ...]
"""Of one model on several tasks, or of one model for each task."""


@dataclass(frozen=True)
class SuiteTrial:
    """One suite under test: up to `rows` test rows of each task, and the `seeds` of random merges.

    Only experts whose metric is a share of rows take part, because others have no mean with them.
    """

    suite: str
    rows: int | None
    seeds: tuple[int, ...]
    device: str = "cpu"

    @cached_property
    def tasks(self) -> dict[str, TaskSet]:
        """Each expert with its own task set."""
        listed, found = load_suite(self.suite).experts, suite_tasks(self.suite)
        own = {name: found[expert.task] for name, expert in listed.items()}
        return {name: task for name, task in own.items() if find_metric(task.metric).is_share}

    @property
    def experts(self) -> list[str]:
        """The experts by their short names, in the suite's order."""
        return list(self.tasks)

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence about experts that take no part."""
        others = [name for name in load_suite(self.suite).experts if name not in self.tasks]
        return tuple(
            f"The expert {name} takes no part: its metric is no share of rows, so it has no mean with the others."
            for name in others
        )

    def recipe(self, experts: Sequence[str | Given], method: Given, **fields: Any) -> dict[str, Any]:
        """The mapping of a recipe on the suite's base; experts are short names, or mappings with `model` and `weight`."""
        models = [f"{self.suite}/{each}" if isinstance(each, str) else dict(each) for each in experts]
        return {"base": self.suite, "models": models, "method": dict(method), **fields}

    def alone(self, expert: str, scale: float = 1.0, **fields: Any) -> dict[str, Any]:
        """The base plus `scale` times one expert's change, after the sparsifier in `fields` if there is one."""
        return self.recipe([expert], {"name": "task_arithmetic", "scale": scale}, **fields)

    def prepared(self, recipe: Given) -> ProgressGen[PreparedMerge]:
        """The merge, ready to run."""
        planned = yield from planned_recipe(Recipe.from_mapping(recipe), None, self.device)
        return (yield from prepare((yield from with_calibration(planned, self.device)), self.device))

    def body(self, recipe: Given) -> ProgressGen[dict[str, Tensor]]:
        """The merged tensors."""
        return (yield from merged_body((yield from self.prepared(recipe))))

    def scores(self, recipe: Given, experts: Sequence[str], split: str = TEST) -> ProgressGen[Scores]:
        """The merge's scores on the tasks of these experts, all rows at once; known answers are not asked again."""
        body = yield from self.body(recipe)
        content = hash_state(body)
        found = []
        for name in experts:
            sheet = AnswerSheet.of(content, self.tasks[name], split, self.rows, self.device)
            yield from sheet.answer(body, sheet.asked)
            found.append(sheet.score(sheet.asked))  # one look, so that intervals need no correction for several
        return tuple(found)

    def each_alone(self, build: Callable[[str], Given]) -> ProgressGen[Scores]:
        """For every expert, the score of the merge that `build` describes on the expert's own task."""
        found: list[Score] = []
        for name in self.experts:
            found += yield from self.scores(build(name), [name])
        return tuple(found)

    def over_seeds(self, build: Callable[[str, int], Given]) -> ProgressGen[list[Scores]]:
        """`each_alone` for every seed."""
        found = []
        for seed in self.seeds:
            found.append((yield from self.each_alone(lambda name, seed=seed: build(name, seed))))  # type: ignore[misc]
        return found

    def best(self, recipes: Sequence[Given], experts: Sequence[str]) -> ProgressGen[Given]:
        """The recipe with the best mean on validation rows; the first of equal ones."""
        values = []
        for recipe in recipes:
            values.append(mean_score((yield from self.scores(recipe, experts, VALIDATION))).value)
        return recipes[values.index(max(values))]


def difference(first: Scores, second: Scores) -> PairedDifference:
    """The mean over tasks of `second` minus `first`, paired row by row."""
    pairs = [paired_difference(one, other) for one, other in zip(first, second, strict=True)]
    return mean_difference([pair for pair in pairs if pair])


def score_row(label: str, *found: Scores, seeds: Sequence[int] = ()) -> FigureRow:
    """The mean over tasks, of one model or of one for each seed."""
    means = [mean_score(scores) for scores in found]
    return figure_row(label, means, means[0].n, "share", seeds)


def difference_row(
    label: str, first: Sequence[Scores], second: Sequence[Scores], bound: Bound | None = None, seeds: Sequence[int] = ()
) -> FigureRow:
    """`second` minus `first`, for one pair of models or one for each seed."""
    found = [difference(one, other) for one, other in zip(first, second, strict=True)]
    return figure_row(label, found, found[0].n, "difference", seeds, bound)
