"""What a sweep has found, in full sentences."""

from __future__ import annotations

from mergelab.evaluation.scores import mean_score
from mergelab.ui.form.labels import counted
from mergelab.ui.session.sweeping.point_figure import written
from mergelab.ui.session.sweeping.swept import Swept


def sweep_summary(swept: Swept) -> str:
    """The best point, what it scores on test rows, and what the selection was worth; empty text before the end."""
    outcome = swept.outcome
    if outcome is None:
        return ""
    repeated = len(swept.tried) - len(swept.points)
    again = f" ({repeated:,} more repeated one of them)" if repeated else ""
    seeds = max((len(point.repeats) for point in swept.points), default=0)
    each = f" with {seeds} seeds" if seeds else ""
    tried = f"{counted(len(swept.points), 'recipe')} tried{each}{again}, {outcome.rows:,} answers asked for."
    if len(swept.sought) > 1 and outcome.best:
        front = (
            f"{len(outcome.best)} on the front: no other is better in {' and in '.join(map(_lowered, swept.sought))}."
        )
        return f"{tried} {front} Score the one you choose on test rows in the Lab."
    if not outcome.best or not outcome.test or not outcome.optimism:
        return tried
    best, optimism = outcome.best[0] + 1, outcome.optimism
    test = mean_score(outcome.test) if len(outcome.test) > 1 else outcome.test[0]
    others = [point for point in swept.points if point.number in outcome.alike]
    alike = f" The rows do not tell {counted(len(others), 'other')} from it." if others else ""
    worth = f"{_points(optimism.value)} points ({_points(optimism.low)} to {_points(optimism.high)})"
    return (
        f"{tried} The best is point {best}.{alike} On all test rows its mean is {written(test)}, n = {test.n:,}."
        f" Selection on validation rows was worth {worth}: its score there minus that on test rows."
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _lowered(title: str) -> str:
    return f"“{title}”"
