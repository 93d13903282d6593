"""How many changes may be dropped at random, and what rescaling has to do with it."""

from __future__ import annotations

from typing import Any

from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, below
from mergelab.jobs.papers.suite_trial import Scores, SuiteTrial, difference_row, score_row
from mergelab.runtime.progress import ProgressGen

UNCHANGED, COLLAPSE = -0.02, -0.1
"""A loss of at most 2 points counts as unchanged accuracy, one of more than 10 as collapse."""
SPARSIFIERS = {
    "drop 50 %, rescaled": {"name": "dare", "density": 0.5},
    "drop 90 %, rescaled": {"name": "dare", "density": 0.1},
    "drop 99 %, rescaled": {"name": "dare", "density": 0.01},
    "drop 90 %, not rescaled": {"name": "dare", "density": 0.1, "rescale": "none"},
    "drop 10 % of whole weights": {"name": "dare", "density": 0.9, "target": "weights"},
    "keep the largest 30 %, rescaled": {"name": "trim", "density": 0.3, "rescale": "inverse"},
}
WIDTH = "How the cliff moves with model width cannot be asked: a suite has models of one width."


@phenomenon(
    7,
    "Random drops are free up to a cliff",
    "Dropping 90 % of an expert's changes at random costs nothing if the rest is rescaled, until a cliff; without rescale it costs "
    "more, dropping 10 % of whole weights collapses at once, and so does rescaling what is largest.",
    ("2311.03099",),
)
def drop_rate(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Score each expert on its own task after drops of several kinds."""
    full = yield from trial.each_alone(trial.alone)
    found: dict[str, list[Scores]] = {}
    for label, sparsify in SPARSIFIERS.items():
        found[label] = yield from _dropped(trial, sparsify)
    rows = [score_row("whole change", full)]
    rows += [score_row(label, *scores, seeds=_seeds(trial, label)) for label, scores in found.items()]

    def minus(label: str, other: str, bound: Any) -> Any:
        second, seeds = found[label], _seeds(trial, label)
        first = found[other] if other in found else [full] * len(second)
        return difference_row(f"{label}, minus {other}", first, second, bound, seeds)

    rows += [
        minus("drop 90 %, rescaled", "whole change", above(UNCHANGED)),
        minus("drop 99 %, rescaled", "drop 90 %, rescaled", below(UNCHANGED)),
        minus("drop 90 %, not rescaled", "drop 90 %, rescaled", below(0)),
        minus("drop 10 % of whole weights", "whole change", below(COLLAPSE)),
        minus("keep the largest 30 %, rescaled", "whole change", below(COLLAPSE)),
    ]
    return Outcome(
        tuple(rows),
        trial.alone(trial.experts[0], sparsify=SPARSIFIERS["drop 90 %, rescaled"]),
        (*trial.left_out, WIDTH),
    )


def _seeds(trial: SuiteTrial, label: str) -> tuple[int, ...]:
    return trial.seeds if SPARSIFIERS[label]["name"] == "dare" else ()


def _dropped(trial: SuiteTrial, sparsify: dict[str, Any]) -> ProgressGen[list[Scores]]:
    """The scores for every seed; trim has no seed."""
    if sparsify["name"] == "dare":
        return (yield from trial.over_seeds(lambda name, seed: trial.alone(name, sparsify=sparsify, seed=seed)))
    return [(yield from trial.each_alone(lambda name: trial.alone(name, sparsify=sparsify)))]
