"""What Fisher weights add to the average of two models of one kind of task."""

from __future__ import annotations

from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above
from mergelab.jobs.papers.suite_trial import SuiteTrial, difference_row, score_row
from mergelab.runtime.progress import Progress, ProgressGen

PAIRS = {"minilm": ("amazon", "movie")}
"""Target and donor, which have the same classes: the polarity of reviews."""
WITHOUT = "This suite has neither two checkpoints of one task nor two experts with the same classes, so there is no pair to merge."
EXAMPLES = (
    "Two checkpoints of one task cannot be asked: each expert was trained once. More examples for the estimate cannot be asked: a "
    "merge takes all calibration rows, here 384."
)


@phenomenon(
    9,
    "Fisher weights beat equal weights",
    "For a target and a donor of a related task, the Fisher-weighted average is better on the target than the plain average, and "
    "both are better than the target's own expert.",
    ("2111.09832",),
)
def fisher_gain(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Score both averages of a target's and a donor's expert on the target's task."""
    if trial.suite not in PAIRS:
        yield Progress("Looking for a pair", 1, 1, trial.suite, "suites")
        return Outcome(impossible=WITHOUT)
    target, donor = PAIRS[trial.suite]
    fisher = trial.recipe([target, donor], {"name": "fisher"})
    own = yield from trial.scores(trial.alone(target), [target])
    equal = yield from trial.scores(trial.recipe([target, donor], {"name": "average"}), [target])
    weighted = yield from trial.scores(fisher, [target])
    rows = (
        score_row(f"{target} alone", own),
        score_row(f"average of {target} and {donor}", equal),
        score_row(f"Fisher average of {target} and {donor}", weighted),
        difference_row(f"average minus {target} alone", [own], [equal], above(0)),
        difference_row("Fisher average minus average", [equal], [weighted], above(0)),
    )
    return Outcome(rows, fisher, (*trial.left_out, EXAMPLES))
