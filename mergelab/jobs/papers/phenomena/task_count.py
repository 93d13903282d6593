"""How methods fare as tasks are added."""

from __future__ import annotations

from typing import Any

from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, figure_row, growth
from mergelab.jobs.papers.suite_trial import Given, Scores, SuiteTrial, difference, difference_row, score_row
from mergelab.runtime.progress import ProgressGen

SCALES = {"task_arithmetic": (0.3, 0.5, 0.8), "ties": (0.6, 1.0, 1.4)}
TITLES = {"average": "average", "task_arithmetic": "task arithmetic", "ties": "TIES"}
TUNED = "The scales of task arithmetic and TIES were chosen for each number of tasks on validation rows; the figures are on test rows."


@phenomenon(
    4,
    "The gap between methods widens with the number of tasks",
    "TIES merges better than task arithmetic, and that better than the average; the gaps widen from two tasks to all.",
    ("2306.01708",),
)
def task_count(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Score the three methods on the first two tasks and on all of them."""
    few, many = 2, len(trial.experts)
    recipes: dict[int, dict[str, Given]] = {}
    found: dict[int, dict[str, Scores]] = {}
    for count in (few, many):
        recipes[count] = yield from _tuned(trial, count)
        found[count] = {}
        for name, recipe in recipes[count].items():
            found[count][name] = yield from trial.scores(recipe, trial.experts[:count])
    rows = [
        score_row(f"{count} tasks, {TITLES[name]}{_scale(recipes[count][name])}", scores)
        for count in (few, many)
        for name, scores in found[count].items()
    ]
    for weak, strong in (("average", "task_arithmetic"), ("task_arithmetic", "ties")):
        label = f"{TITLES[strong]} minus {TITLES[weak]}"
        rows.append(difference_row(f"{few} tasks: {label}", [found[few][weak]], [found[few][strong]]))
        rows.append(difference_row(f"{many} tasks: {label}", [found[many][weak]], [found[many][strong]], above(0)))
    gaps = [difference(found[count]["average"], found[count]["ties"]) for count in (few, many)]
    label = f"growth of TIES minus average from {few} to {many} tasks"
    rows.append(figure_row(label, [growth(*gaps)], gaps[1].n, "difference", bound=above(0)))
    return Outcome(tuple(rows), recipes[many]["ties"], (*trial.left_out, TUNED))


def _tuned(trial: SuiteTrial, count: int) -> ProgressGen[dict[str, Given]]:
    """Each method's recipe for the first `count` experts, with the best of its scales."""
    experts = trial.experts[:count]
    found: dict[str, Given] = {"average": trial.recipe(experts, {"name": "average"})}
    for name, scales in SCALES.items():
        tried = [trial.recipe(experts, {"name": name, "scale": scale}) for scale in scales]
        found[name] = yield from trial.best(tried, experts)
    return found


def _scale(recipe: Any) -> str:
    scale = recipe["method"].get("scale")
    return f", scale {scale}" if scale else ""
