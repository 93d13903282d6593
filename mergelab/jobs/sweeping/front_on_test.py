"""The recipes of a front that are scored on test rows, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mergelab.jobs.sweeping.objective_words import ObjectiveWords
from mergelab.jobs.sweeping.sweep_outcome import Point, PointOnTest, SweepOutcome, verdict_on

MOST_ON_TEST = 8
"""At most so many recipes of a front are scored on test rows."""
HOW_CHOSEN = (
    "The front was chosen on validation rows, and luck with these helped its points onto it; the scores on test rows are without that luck. "
    "What a selection was worth is validation minus test."
)


def for_test(front: Sequence[Point]) -> tuple[list[Point], list[Point]]:
    """The points of a front to score on test rows, and those that are left out; each recipe once.

    Those that lead in an objective come first, in the order of the objectives, then those that are better in the first one.
    """
    earliest = {point.recipe.digest(): point for point in reversed(front) if point.recipe}
    ranked = sorted(earliest.values(), key=lambda point: (-point.values[0], point.number))
    objectives = range(len(ranked[0].values)) if ranked else ()
    leaders = [max(ranked, key=lambda point: point.values[place]).number for place in objectives]
    ranked.sort(key=lambda point: leaders.index(point.number) if point.number in leaders else len(leaders))
    return ranked[:MOST_ON_TEST], ranked[MOST_ON_TEST:]


def front_words(outcome: SweepOutcome, objectives: Sequence[str], titles: Sequence[str]) -> list[str]:
    """What is said of the front, a line each: how large it is, each of its points on test rows, how to read that, and what is left out.

    `titles` are those of the `objectives`.
    """
    named = [f"“{title}”" for title in titles]
    points = {point.number: point for point in outcome.points}
    said = [f"{len(outcome.best)} on the front: no other is better in {' and in '.join(named)}."]
    said += [_on_test(each, points[each.number], objectives, named) for each in outcome.front]
    said += [HOW_CHOSEN] if outcome.front else []
    said += [f"The recipe you started from has no score: {outcome.start_problem}."] if outcome.start_problem else []
    return [*said, *_not_on_test(outcome)]


def _not_on_test(outcome: SweepOutcome) -> Iterator[str]:
    """The points of the front that have no scores on test rows, and why."""
    if outcome.test_problem:
        yield f"{'The others have' if outcome.front else 'The front has'} no scores on test rows: {outcome.test_problem}."
    elif outcome.left_out:
        numbers = ", ".join(str(number + 1) for number in outcome.left_out)
        points = "points" if outcome.left_out[1:] else "point"
        yield f"Not scored on test rows: {points} {numbers}. At most {MOST_ON_TEST} are, first those that lead in an objective."


def _on_test(found: PointOnTest, point: Point, objectives: Sequence[str], named: Sequence[str]) -> str:
    rows = sum(score.n for score in found.scores)
    worth, gains = [], found.gains or [None] * len(objectives)
    for name, title, value, optimism, gain in zip(objectives, named, found.values, found.optimism, gains, strict=True):
        words = ObjectiveWords.of(point, name)
        over = f", {words.difference(gain)} against the recipe you started from ({verdict_on(gain)})" if gain else ""
        worth.append(f"{title} {words.score(value)}{over}, its selection was worth {words.difference(optimism)}")
    which = f"Point {point.number + 1}, the recipe you started from," if found.is_start else f"Point {point.number + 1}"
    return f"{which} on test rows (n = {rows:,}): {'; '.join(worth)}."
