"""What subtracting an expert's change makes a model forget."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.evaluation.scores import Score, mean_score
from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Outcome, above, below, figure_row
from mergelab.jobs.papers.suite_trial import VALIDATION, Scores, SuiteTrial, difference, difference_row, score_row
from mergelab.runtime.progress import ProgressGen

SCALES = (0.25, 0.5, 1.0)
KEPT = 0.95
"""The controls must keep this share of the base's accuracy."""
TARGETS = 3
FORGOTTEN = -0.1
"""A loss of more than 10 points counts as forgotten."""
CHOSEN = (
    f"The first {TARGETS} experts are forgotten, one at a time, at the largest of the scales {', '.join(map(str, SCALES))} "
    f"at which the other tasks keep {KEPT:.0%} of the base's accuracy on validation rows (at the smallest if none does); "
    "the figures are on test rows."
)


@phenomenon(
    12,
    "Negation forgets the target and keeps the rest",
    "Subtracting an expert's change takes its task far below the base, while control tasks stay within 5 % of the base.",
    ("2212.04089",),
)
def negation(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Subtract single experts and score target and controls beside the base."""
    base = yield from trial.scores(trial.alone(trial.experts[0], scale=0.0), trial.experts)
    on_base = dict(zip(trial.experts, base, strict=True))
    scales, forgotten, before, after = list[float](), list[Score](), list[Scores](), list[Scores]()
    targets = trial.experts[:TARGETS]
    for target in targets:
        controls = [name for name in trial.experts if name != target]
        scales.append((yield from _scale(trial, target, controls)))
        own, *others = yield from trial.scores(trial.alone(target, scale=-scales[-1]), [target, *controls])
        forgotten.append(own)
        before.append(tuple(on_base[name] for name in controls))
        after.append(tuple(others))
    known = tuple(on_base[target] for target in targets)
    limit = (KEPT - 1) * mean_score(base).value
    changes = [difference(one, other) for one, other in zip(before, after, strict=True)]
    told = ", ".join(f"{target} {scale}" for target, scale in zip(targets, scales, strict=True))
    rows = (
        score_row("targets, base", known),
        score_row(f"targets, forgotten (scales {told})", tuple(forgotten)),
        score_row("controls, base", *before),
        score_row("controls, after forgetting", *after),
        difference_row("targets: forgotten minus base", [known], [tuple(forgotten)], below(FORGOTTEN)),
        figure_row("controls: after minus base", changes, changes[0].n, "difference", bound=above(limit)),
    )
    return Outcome(rows, trial.alone(targets[0], scale=-scales[0]), (*trial.left_out, CHOSEN))


def _scale(trial: SuiteTrial, target: str, controls: Sequence[str]) -> ProgressGen[float]:
    """The largest scale at which the controls keep what they must on validation rows; the smallest if none does."""
    base = yield from trial.scores(trial.alone(target, scale=0.0), controls, VALIDATION)
    for scale in reversed(SCALES[1:]):
        found = yield from trial.scores(trial.alone(target, scale=-scale), controls, VALIDATION)
        if mean_score(found).value >= KEPT * mean_score(base).value:
            return float(scale)
    return SCALES[0]
