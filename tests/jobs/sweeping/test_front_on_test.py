from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate
from mergelab.jobs.sweeping.front_on_test import HOW_CHOSEN, MOST_ON_TEST, for_test, front_words
from mergelab.jobs.sweeping.sweep_outcome import Point, PointOnTest, PointState, SweepOutcome
from mergelab.recipe import Recipe

RECIPE = {"base": "o", "models": ["a", "b"], "method": "task_arithmetic"}


def point(number: int, *values: float, seed: int | None = None) -> Point:
    recipe = Recipe.from_mapping({**RECIPE, "seed": number if seed is None else seed})
    scores = tuple(
        Score(name, "validation", "accuracy", value, 40, 0, 1) for name, value in zip("ab", values, strict=True)
    )
    return Point(number, {}, PointState.FINISHED, recipe, "w", scores, values)


def numbers(points: Sequence[Point]) -> list[int]:
    return [each.number for each in points]


def test_those_that_lead_in_an_objective_come_first_and_the_last_are_left_out() -> None:
    front = [point(at, 0.1 * at, 1 - 0.1 * at) for at in range(MOST_ON_TEST + 2)]
    chosen, left_out = for_test(front)
    assert numbers(chosen) == [9, 0, 8, 7, 6, 5, 4, 3]
    assert numbers(left_out) == [2, 1]
    assert for_test([]) == ([], [])


def test_a_recipe_that_was_tried_twice_is_scored_once() -> None:
    chosen, _ = for_test([point(0, 0.5, 0.5), point(1, 0.25, 0.75), point(2, 0.5, 0.5, seed=0)])
    assert numbers(chosen) == [0, 1]


TITLES = ["A", "B"]
OBJECTIVES = ["task:a", "task:b"]


def test_each_point_of_the_front_stands_with_its_scores_and_what_its_selection_was_worth() -> None:
    test = (Score("a", "test", "accuracy", 0.75, 400, 0.7, 0.8), Score("b", "test", "accuracy", 0.25, 600, 0.2, 0.3))
    worth = (Estimate(0.05, -0.01, 0.11), Estimate(-0.02, -0.08, 0.04))
    gains = (Estimate(0.04, 0.01, 0.07), Estimate(-0.01, -0.04, 0.02))
    found = PointOnTest(1, test, (0.75, 0.25), worth, gains)
    points = (point(0, 0.1, 0.1), point(1, 0.8, 0.23), point(2, 0.7, 0.4))
    assert front_words(SweepOutcome(points, (1, 2), front=(found,), left_out=(2,)), OBJECTIVES, TITLES) == [
        "2 on the front: no other is better in “A” and in “B”.",
        "Point 2 on test rows (n = 1,000): “A” 75.0 %, +4.0 points (+1.0 to +7.0) against the recipe you started from"
        " (better), its selection was worth +5.0 points (−1.0 to +11.0);"
        " “B” 25.0 %, −1.0 points (−4.0 to +2.0) against the recipe you started from (not separable), its selection was worth −2.0 points (−8.0 to +4.0).",
        HOW_CHOSEN,
        "Not scored on test rows: point 3. At most 8 are, first those that lead in an objective.",
    ]


def test_the_start_on_the_front_is_called_so_and_a_start_without_scores_says_why() -> None:
    found = PointOnTest(0, (Score("a", "test", "accuracy", 0.75, 400, 0.7, 0.8),), (0.75,), (Estimate(0, 0, 0),))
    points = (point(0, 0.75, 0.1),)
    said = front_words(SweepOutcome(points, (0,), front=(replace(found, is_start=True),)), OBJECTIVES[:1], TITLES[:1])
    assert said[1].startswith("Point 1, the recipe you started from, on test rows (n = 400): “A” 75.0 %, its selection")
    lacks = SweepOutcome(points, (0,), front=(found,), start_problem="ties needs a base")
    assert front_words(lacks, OBJECTIVES[:1], TITLES[:1])[-1] == (
        "The recipe you started from has no score: ties needs a base."
    )


def test_a_front_without_scores_says_why() -> None:
    _, why = front_words(SweepOutcome((point(0, 0.1, 0.1),), (0,), test_problem="no rows"), OBJECTIVES, TITLES)
    assert why == "The front has no scores on test rows: no rows."
