"""How far the seeds of random drops lie apart."""

from __future__ import annotations

from math import sqrt
from typing import Any

from mergelab.engine import deltas, sparse_deltas
from mergelab.evaluation.scores import mean_score
from mergelab.evaluation.scores.paired import PairedDifference
from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, below, exact_row, figure_row, growth
from mergelab.jobs.papers.suite_trial import SuiteTrial, difference
from mergelab.runtime.progress import Progress, ProgressGen

SEEDS = (0, 1, 2, 3, 4)
DENSITIES = (0.5, 0.1, 0.01)
CLOSE = 0.05
"""The measured error may differ from the predicted one by 5 %."""
BIASED = (
    "The spread is that between the best and the worst of five seeds on the same rows, which chance alone makes larger than 0; "
    "what is tested is its growth. The paper reports no spread over seeds."
)


@phenomenon(
    8,
    "The spread over seeds grows with the drop rate",
    "DARE keeps the expected change but not its variance: its relative error is √(p/(1 − p)), and seeds lie farther apart as p grows.",
    ("2311.03099",),
)
def seed_spread(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Measure the error of the first expert's change, and the spread of accuracy over seeds for all experts."""
    first, rows, spreads = trial.experts[0], [], list[PairedDifference]()
    for density in DENSITIES:
        error, entries = yield from _error(trial, trial.alone(first, sparsify=_dare(density)))
        predicted, label = sqrt((1 - density) / density), f"drop {1 - density:.0%}: relative error of the change"
        rows.append(exact_row(f"{label} (predicted {predicted:.3g})", error, entries, "number"))
        apart = abs(error / predicted - 1)
        rows.append(exact_row(f"{label}, off the prediction by", apart, entries, "number", below(CLOSE)))
        spreads.append((yield from _spread(trial, density)))
        rows.append(
            figure_row(
                f"drop {1 - density:.0%}: best minus worst seed", [spreads[-1]], spreads[-1].n, "difference", SEEDS
            )
        )
    grown = growth(spreads[0], spreads[-1])
    rows.append(figure_row("growth from drop 50 % to 99 %", [grown], spreads[0].n, "difference", SEEDS, above(0)))
    return Outcome(tuple(rows), trial.alone(first, sparsify=_dare(0.1)), (*trial.left_out, BIASED))


def _dare(density: float) -> dict[str, Any]:
    return {"name": "dare", "density": density}


def _error(trial: SuiteTrial, recipe: dict[str, Any]) -> ProgressGen[tuple[float, int]]:
    """The norm of what dropping changes relative to that of the change, and the number of weights."""
    prepared = yield from trial.prepared(recipe)
    keys, wrong, whole, entries = prepared.plan.keys, 0.0, 0.0, 0
    for number, key in enumerate(keys, 1):
        change = deltas(prepared, key).double()
        wrong += float((sparse_deltas(prepared, key).double() - change).square().sum())
        whole, entries = whole + float(change.square().sum()), entries + change.numel()
        yield Progress("Comparing changes", number, len(keys), key)
    return sqrt(wrong / whole), entries


def _spread(trial: SuiteTrial, density: float) -> ProgressGen[PairedDifference]:
    """The best seed's mean over experts, each on its own task, minus the worst's."""
    found = []
    for seed in SEEDS:

        def build(name: str, seed: int = seed) -> dict[str, Any]:
            return trial.alone(name, sparsify=_dare(density), seed=seed)

        found.append((yield from trial.each_alone(build)))
    ranked = sorted(found, key=lambda scores: mean_score(scores).value)
    return difference(ranked[0], ranked[-1])
