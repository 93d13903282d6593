"""What a sweep has found, in full sentences."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.evaluation.scores.interval import Estimate
from mergelab.jobs.sweeping.front_on_test import front_words
from mergelab.jobs.sweeping.objective_words import ObjectiveWords
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, SweepOutcome
from mergelab.ui.form.labels import counted
from mergelab.ui.session.sweeping.swept import Swept

NAMED = 8
"""So many points stand in the sentence by their numbers."""


def sweep_summary(swept: Swept) -> str:
    """The best point on test rows beside the recipe of the start, and what the selection was worth, or a line for each point of a front;
    empty text before the end."""
    outcome = swept.outcome
    if outcome is None:
        return ""
    repeated = len(swept.tried) - len(swept.points)
    again = f" ({repeated:,} more repeated one of them)" if repeated else ""
    seeds = max((len(point.repeats) for point in swept.points), default=0)
    each = f" with {seeds} seeds" if seeds else ""
    tried = f"{counted(len(swept.points), 'recipe')} tried{each}{again}, {outcome.rows:,} answers asked for."
    if len(swept.sought) > 1 and outcome.best:
        return "\n".join([tried, *front_words(outcome, swept.asked.objectives, swept.sought)])
    if not outcome.best:
        return tried
    best = next(point for point in outcome.points if point.number == outcome.best[0])
    words = ObjectiveWords.of(best, swept.asked.objectives[0])
    alike = _alike([point for point in swept.points if point.number in outcome.alike])
    return f"{tried} The best is point {best.number + 1}.{alike} {_on_other_rows(best, outcome, words)}"


def _on_other_rows(best: Point, outcome: SweepOutcome, words: ObjectiveWords) -> str:
    """The best on test rows and what its selection was worth, or why that is not known."""
    if outcome.optimism is None:
        there = (
            f"On validation rows, by which it was chosen, it scores {words.score(best.values[0])}, which flatters it."
        )
        return f"{there} It has no scores on test rows: {outcome.test_problem}."
    return f"{_on_test(best, outcome, outcome.optimism, words)} {_selected(best, outcome.optimism, words)}"


def _on_test(best: Point, outcome: SweepOutcome, optimism: Estimate, words: ObjectiveWords) -> str:
    """The best beside the recipe that the sweep started from."""
    rows = f"On test rows (n = {sum(score.n for score in outcome.test):,})"
    best_there = words.score(best.values[0] - optimism.value)
    start = outcome.start
    if start is None:
        return f"{rows} it scores {best_there}. The recipe you started from has no score: {outcome.start_problem}."
    if start.gain is None:
        return f"{rows} it scores {best_there}; it is the recipe you started from."
    own = f"the recipe you started from {words.score(start.value)}"
    return f"{rows} the best recipe scores {best_there}, {own}: {words.difference(start.gain)}, {start.verdict}."


def _selected(best: Point, optimism: Estimate, words: ObjectiveWords) -> str:
    """What was measured on which rows, and why the score on validation rows flatters."""
    return (
        f"It was chosen on validation rows, which are other ones. There it scores {words.score(best.values[0])}:"
        f" {words.difference(optimism)} against test rows. The score by which the first of many is chosen flatters it,"
        " because luck with these rows helped it to come first; the score on test rows does not."
    )


def _alike(others: Sequence[Point]) -> str:
    """The points that may be as good, by their numbers; the table marks them all."""
    if not others:
        return ""
    numbers = [str(point.number + 1) for point in others]
    named = numbers if len(numbers) <= NAMED else [*numbers[: NAMED - 1], f"{len(numbers) - NAMED + 1} others"]
    told = " and ".join([*([", ".join(named[:-1])] if named[1:] else []), named[-1]])
    out = sum(point.state is PointState.OUT for point in others)
    fewer = (
        f", {out} of which left the race on fewer rows" if out and len(others) > 1 else ", on fewer rows" if out else ""
    )
    return f" The rows do not tell {'points' if others[1:] else 'point'} {told} from it (≈ in the table{fewer})."
