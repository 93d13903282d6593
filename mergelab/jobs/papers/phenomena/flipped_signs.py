"""What happens if the signs of an expert's changes are flipped."""

from __future__ import annotations

from functools import partial
from typing import Any

from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, below
from mergelab.jobs.papers.suite_trial import SuiteTrial, difference_row, score_row
from mergelab.runtime.progress import ProgressGen

UNCHANGED, DESTROYED = -0.02, -0.1
"""A loss of at most 2 points counts as unchanged accuracy, one of more than 10 as destroyed."""


@phenomenon(
    5,
    "The signs of the largest changes matter, the others' do not",
    "Flipping the signs of an expert's largest 20 % of changes destroys it; flipping those of the smallest 80 % does nothing.",
    ("2306.01708",),
)
def flipped_signs(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Score each expert on its own task with signs flipped."""
    base = yield from trial.each_alone(partial(trial.alone, scale=0.0))
    full = yield from trial.each_alone(trial.alone)
    largest = yield from trial.each_alone(lambda name: flipped(trial, name, largest=True))
    smallest = yield from trial.each_alone(lambda name: flipped(trial, name, largest=False))
    rows = (
        score_row("base", base),
        score_row("expert", full),
        score_row("largest 20 % flipped", largest),
        score_row("smallest 80 % flipped", smallest),
        difference_row("largest 20 % flipped, minus expert", [full], [largest], below(DESTROYED)),
        difference_row("smallest 80 % flipped, minus expert", [full], [smallest], above(UNCHANGED)),
    )
    return Outcome(rows, flipped(trial, trial.experts[0], largest=True), trial.left_out)


def flipped(trial: SuiteTrial, name: str, largest: bool) -> dict[str, Any]:
    """The recipe that flips part of an expert: the whole change minus twice its largest part flips that part, and twice that part
    minus the whole flips the rest."""
    part = trial.alone(name, sparsify={"name": "trim", "density": 0.2}, dtype="float32")
    whole, trimmed = (1.0, -2.0) if largest else (-1.0, 2.0)
    models = [{"model": f"{trial.suite}/{name}", "weight": whole}, {"model": {"recipe": part}, "weight": trimmed}]
    return trial.recipe(models, {"name": "task_arithmetic", "scale": 1.0})
