"""How the scale of task arithmetic decides what a merge is worth."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, below, exact_row
from mergelab.jobs.papers.suite_trial import SuiteTrial, difference_row, score_row
from mergelab.runtime.progress import ProgressGen

SCALES = (0.0, 0.1, 0.3, 0.5, 1.0)
ROUNDING = 1e-6
"""Two orders of float32 operations may differ by so much at weights around 1."""


@phenomenon(
    1,
    "The scale curve is an inverted U",
    "The accuracy of task arithmetic rises with the scale, peaks near 0.3 and falls towards 1; with scale 1/T it is the average.",
    ("2212.04089", "2306.01708"),
)
def scale_curve(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Score the sum of all experts' changes at fixed scales."""
    recipes = {scale: trial.recipe(trial.experts, {"name": "task_arithmetic", "scale": scale}) for scale in SCALES}
    found = {}
    for scale, recipe in recipes.items():
        found[scale] = yield from trial.scores(recipe, trial.experts)
    rows = [score_row(f"scale {scale}", found[scale]) for scale in SCALES]
    rows += [
        difference_row("scale 0.3 minus scale 0", [found[0.0]], [found[0.3]], above(0)),
        difference_row("scale 1 minus scale 0.3", [found[0.3]], [found[1.0]], below(0)),
    ]
    scaled = {"name": "task_arithmetic", "scale": 1 / len(trial.experts)}
    summed = yield from trial.body(trial.recipe(trial.experts, scaled, dtype="float32"))
    averaged = yield from trial.body(trial.recipe(trial.experts, {"name": "average"}, dtype="float32"))
    entries = sum(value.numel() for value in summed.values())
    label = "average and scale 1/T: largest relative difference of a weight"
    rows.append(exact_row(label, _apart(summed, averaged), entries, "number", below(ROUNDING)))
    return Outcome(tuple(rows), recipes[0.3], trial.left_out)


def _apart(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """The largest difference of two weights, relative to weights above 1."""
    return max(float(((one[key] - other[key]).abs() / one[key].abs().clamp(min=1)).max()) for key in one)
