"""Whether the directions of changes tell which tasks are related."""

from __future__ import annotations

from itertools import combinations
from math import sqrt

from mergelab.analysis.interference import Interference, interference
from mergelab.engine import deltas
from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, below, exact_row
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.runtime.progress import Progress, ProgressGen

RELATED = {"pixels": ("upper", "lower"), "minilm": ("movie", "amazon")}
"""The two experts of a suite whose tasks are of one kind: letters, and the polarity of reviews."""
NEAR_0 = 0.1
RATES = (
    "That a high learning rate worsens merging cannot be asked: each expert was trained once, with one learning rate."
)


@phenomenon(
    10,
    "Changes for unrelated tasks are almost orthogonal",
    "The cosine between two experts' changes is near 0 for unrelated tasks and clearly larger for related ones.",
    ("2212.04089",),
)
def task_similarity(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Compute the cosine of every two experts over all weights."""
    recipe = trial.recipe(trial.experts, {"name": "average"})
    sums = yield from _sums(trial, recipe)
    names, listed = trial.experts, [f"{trial.suite}/{name}" for name in trial.experts]
    cosines = {
        (names[i], names[j]): float(sums.products[i, j] / sqrt(float(sums.products[i, i] * sums.products[j, j])))
        for i, j in combinations(range(len(listed)), 2)
    }
    related = RELATED.get(trial.suite)
    others = {pair: value for pair, value in cosines.items() if pair != related and pair != (related or ())[::-1]}
    rows = [exact_row(f"{one} and {other}", value, sums.entries, "number") for (one, other), value in cosines.items()]
    largest = max(map(abs, others.values()))
    rows.append(exact_row("largest |cosine| of unrelated tasks", largest, sums.entries, "number", below(NEAR_0)))
    notes = [RATES]
    if related:
        own = next(value for pair, value in cosines.items() if set(pair) == set(related))
        label = f"{related[0]} and {related[1]}, minus the largest of unrelated tasks"
        rows.append(exact_row(label, own - max(others.values()), sums.entries, "number", above(0)))
    else:
        notes.append("No two tasks of this suite are of one kind, so only unrelated tasks are asked.")
    return Outcome(tuple(rows), recipe, (*trial.left_out, *notes))


def _sums(trial: SuiteTrial, recipe: dict[str, object]) -> ProgressGen[Interference]:
    """The sums over all tensors, of the experts in the recipe's order."""
    prepared = yield from trial.prepared(recipe)
    listed, keys = list(prepared.plan.listed), prepared.plan.keys
    total: Interference | None = None
    for number, key in enumerate(keys, 1):
        found = interference(deltas(prepared, key)[listed])
        total = found if total is None else total + found
        yield Progress("Comparing directions", number, len(keys), key)
    assert total is not None, "a suite's experts share tensors with its base"
    return total
