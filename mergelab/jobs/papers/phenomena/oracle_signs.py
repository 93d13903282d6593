"""What the signs of a model trained on all tasks would be worth."""

from __future__ import annotations

from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.runtime.progress import Progress, ProgressGen

WITHOUT = (
    "No suite has a model that was fine-tuned from its base on all tasks together, and the oracle's signs are those of that model; "
    "it would have to be trained first."
)


@phenomenon(
    6,
    "Oracle signs close most of the gap",
    "TIES with the signs of a multitask model comes close to that model.",
    ("2306.01708",),
)
def oracle_signs(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Say why no suite can be asked."""
    yield Progress("Looking for a multitask model", 1, 1, trial.suite, "suites")
    return Outcome(impossible=WITHOUT)
