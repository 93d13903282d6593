from __future__ import annotations

from ui.session.sweeping.sweeps_by_hand import point, swept

from mergelab.jobs.sweeping.sweep_outcome import SweepOutcome
from mergelab.ui.session.sweeping.sweep_summary import sweep_summary

OVER = {"method.density": [0.2, 0.5]}
POINTS = (point(0, {"method.density": 0.2}, 0.8, 0.3), point(1, {"method.density": 0.5}, 0.6, 0.6))


def test_before_the_end_nothing_is_said() -> None:
    assert sweep_summary(swept(OVER, POINTS)) == ""


def test_with_two_objectives_the_front_is_counted_and_test_rows_are_left_to_the_visitor() -> None:
    found = swept(OVER, POINTS, SweepOutcome(POINTS, (0, 1), rows=400), objective=["mean", "task:task-b"])
    assert sweep_summary(found) == (
        "2 recipes tried, 400 answers asked for. 2 on the front: no other is better in “Mean of all tasks” and in “Task B”."
        " Score the one you choose on test rows in the Lab."
    )
