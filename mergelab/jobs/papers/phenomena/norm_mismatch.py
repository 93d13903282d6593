"""What happens if one expert's change is three times as large as the others expect."""

from __future__ import annotations

from typing import Any

from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, below
from mergelab.jobs.papers.suite_trial import Scores, SuiteTrial, difference_row, score_row
from mergelab.runtime.progress import ProgressGen

METHODS = {
    "task arithmetic": {"name": "task_arithmetic", "scale": 0.3},
    "TIES": {"name": "ties", "density": 0.2, "scale": 1.0},
    "TSV-M": {"name": "tsv_m", "scale": 1.0},
}
FACTOR = 3.0
ONE = "The first expert of the suite is the one that is stretched; knobs stay at the methods' defaults, as they were before."


@phenomenon(
    11,
    "A mismatched norm flips the ranking",
    "TIES merges better than task arithmetic; with one change three times as large, all methods lose and TIES falls below it.",
    ("2306.01708", "2212.04089"),
)
def norm_mismatch(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Score methods with and without one stretched change."""
    matched, stretched = dict[str, Scores](), dict[str, Scores]()
    for title, method in METHODS.items():
        matched[title] = yield from trial.scores(trial.recipe(trial.experts, method), trial.experts)
        stretched[title] = yield from trial.scores(_stretched(trial, method), trial.experts)
    rows = [score_row(f"{title}, norms as trained", scores) for title, scores in matched.items()]
    rows += [score_row(f"{title}, one change × 3", scores) for title, scores in stretched.items()]
    rows += [
        difference_row(f"{title}: × 3 minus as trained", [matched[title]], [stretched[title]], below(0))
        for title in METHODS
    ]
    ranked = "TIES minus task arithmetic"
    for when, found, bound in (("as trained", matched, above(0)), ("one change × 3", stretched, below(0))):
        rows.append(difference_row(f"{ranked}, {when}", [found["task arithmetic"]], [found["TIES"]], bound))
    return Outcome(tuple(rows), _stretched(trial, METHODS["TIES"]), (*trial.left_out, ONE))


def _stretched(trial: SuiteTrial, method: dict[str, Any]) -> dict[str, Any]:
    """The recipe in which the first expert is its base plus `FACTOR` times its change."""
    first, *others = trial.experts
    longer = {"model": {"recipe": trial.alone(first, scale=FACTOR, dtype="float32")}, "weight": 1.0}
    return trial.recipe([longer, *others], method)
