"""How few of an expert's changes are enough for its own task."""

from __future__ import annotations

from functools import partial
from typing import Any

from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, below
from mergelab.jobs.papers.suite_trial import SuiteTrial, difference_row, score_row
from mergelab.runtime.progress import ProgressGen

DENSITIES = (0.05, 0.2, 0.5)
UNCHANGED = -0.02
"""A loss of at most 2 points counts as unchanged accuracy."""


@phenomenon(
    2,
    "The largest fifth of the changes is enough",
    "Keeping the largest 20 % of an expert's changes leaves its accuracy essentially unchanged; a random 20 % without rescale does not.",
    ("2306.01708",),
)
def top_changes(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Score each expert on its own task with part of its change."""
    base = yield from trial.each_alone(partial(trial.alone, scale=0.0))
    full = yield from trial.each_alone(trial.alone)
    kept = {}
    for density in DENSITIES:
        kept[density] = yield from trial.each_alone(partial(trial.alone, sparsify=_trim(density)))
    drawn = yield from trial.over_seeds(
        lambda name, seed: trial.alone(name, sparsify={"name": "dare", "density": 0.2, "rescale": "none"}, seed=seed)
    )
    many = len(trial.seeds)
    rows = (
        score_row("base", base),
        *(score_row(f"largest {density:.0%} of the change", kept[density]) for density in DENSITIES),
        score_row("whole change", full),
        score_row("random 20 %, not rescaled", *drawn, seeds=trial.seeds),
        difference_row("largest 20 % minus whole change", [full], [kept[0.2]], above(UNCHANGED)),
        difference_row("random 20 % minus whole change", [full] * many, drawn, below(UNCHANGED), trial.seeds),
        difference_row("random 20 % minus largest 20 %", [kept[0.2]] * many, drawn, below(0), trial.seeds),
    )
    return Outcome(rows, trial.alone(trial.experts[0], sparsify=_trim(0.2)), trial.left_out)


def _trim(density: float) -> dict[str, Any]:
    return {"name": "trim", "density": density}
