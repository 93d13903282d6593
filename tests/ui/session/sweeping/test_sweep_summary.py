from __future__ import annotations

from dataclasses import replace

from ui.session.sweeping.sweeps_by_hand import point, score, swept

from mergelab.evaluation.scores.interval import Estimate
from mergelab.jobs.sweeping.sweep_outcome import PointOnTest, PointState, StartOnTest, SweepOutcome
from mergelab.ui.session.sweeping.sweep_summary import sweep_summary

OVER = {"method.density": [0.2, 0.5]}
POINTS = (point(0, {"method.density": 0.2}, 0.8, 0.3), point(1, {"method.density": 0.5}, 0.6, 0.6))


def test_before_the_end_nothing_is_said() -> None:
    assert sweep_summary(swept(OVER, POINTS)) == ""


TEST = (score("task-a", 0.767, n=1000),)


def told(start: StartOnTest | None, problem: str = "") -> str:
    """What is said of the first point, 0.8 on validation rows and 0.767 on test rows."""
    outcome = SweepOutcome(POINTS, (0,), (1,), TEST, Estimate(0.033, -0.01, 0.07), 400, start, problem)
    return sweep_summary(swept(OVER, POINTS, outcome, objective=["task:task-a"]))


def test_the_best_stands_beside_the_recipe_of_the_start() -> None:
    assert told(StartOnTest(0.769, 0.767, Estimate(-0.002, -0.01, 0.006))) == (
        "2 recipes tried, 400 answers asked for. The best is point 1. The rows do not tell point 2 from it (≈ in the table)."
        " On test rows (n = 1,000) the best recipe scores 76.7 %, the recipe you started from 76.9 %: −0.2 points (−1.0 to +0.6),"
        " not separable. It was chosen on validation rows, which are other ones. There it scores 80.0 %: +3.3 points (−1.0 to +7.0)"
        " against test rows. The score by which the first of many is chosen flatters it, because luck with these rows helped it to"
        " come first; the score on test rows does not."
    )


def test_a_clear_difference_has_its_direction() -> None:
    assert "+5.0 points (+1.0 to +9.0), better." in told(StartOnTest(0.717, 0.767, Estimate(0.05, 0.01, 0.09)))
    assert "−5.0 points (−9.0 to −1.0), worse." in told(StartOnTest(0.817, 0.767, Estimate(-0.05, -0.09, -0.01)))


def test_a_start_that_is_the_best_or_has_no_score_is_told() -> None:
    assert "it scores 76.7 %; it is the recipe you started from." in told(StartOnTest(0.767, 0.767, None))
    assert "it scores 76.7 %. The recipe you started from has no score: no rows." in told(None, "no rows")


def test_a_best_without_test_rows_stays_the_best_and_says_why_it_has_no_scores_there() -> None:
    outcome = SweepOutcome(POINTS, (0,), rows=400, test_problem="task-a has no rows in split 'test'")
    assert sweep_summary(swept(OVER, POINTS, outcome, objective=["task:task-a"])) == (
        "2 recipes tried, 400 answers asked for. The best is point 1. On validation rows, by which it was chosen, it scores 80.0 %,"
        " which flatters it. It has no scores on test rows: task-a has no rows in split 'test'."
    )


def test_points_that_the_rows_do_not_tell_from_the_best_are_named() -> None:
    points = [
        point(at, {"method.density": at / 20}, 0.8, state=PointState.OUT if at > 10 else PointState.FINISHED)
        for at in range(12)
    ]
    outcome = SweepOutcome(tuple(points), (0,), tuple(range(1, 12)), TEST, Estimate(0.033, -0.01, 0.07))
    assert (
        "The rows do not tell points 2, 3, 4, 5, 6, 7, 8 and 4 others from it (≈ in the table, 1 of which left the race on fewer rows)."
        in sweep_summary(swept({"method.density": "0:1:0.05"}, points, outcome, objective=["task:task-a"]))
    )


def test_with_two_objectives_each_point_of_the_front_has_a_line_with_its_scores_on_test_rows() -> None:
    test = (score("task-a", 0.75, n=400), score("task-b", 0.25, n=600))
    on_test = PointOnTest(0, test, (0.5, 0.25), (Estimate(0.05, -0.01, 0.11), Estimate(0.05, -0.02, 0.12)))
    both = (score("task-a", 0.8), score("task-b", 0.3))
    points = tuple(replace(each, scores=both) for each in POINTS)
    outcome = SweepOutcome(points, (0, 1), rows=400, front=(on_test,), left_out=(1,))
    told = sweep_summary(swept(OVER, points, outcome, objective=["mean", "task:task-b"])).splitlines()
    assert told[:2] == [
        "2 recipes tried, 400 answers asked for.",
        "2 on the front: no other is better in “Mean of all tasks” and in “Task B”.",
    ]
    assert told[2].startswith(
        "Point 1 on test rows (n = 1,000): “Mean of all tasks” 50.0 %, its selection was worth +5.0 points"
    )
    assert told[4].startswith("Not scored on test rows: point 2.")
