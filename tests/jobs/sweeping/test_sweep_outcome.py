from __future__ import annotations

from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, pareto_front


def points(*values: tuple[float, ...]) -> list[Point]:
    return [Point(number, {}, PointState.FINISHED, values=each) for number, each in enumerate(values)]


def test_a_front_holds_the_points_that_no_other_beats() -> None:
    assert pareto_front(points((0.1, 0.9), (0.5, 0.5), (0.4, 0.5), (0.9, 0.1))) == (0, 1, 3)


def test_equal_points_are_both_on_the_front() -> None:
    assert pareto_front(points((0.5, 0.5), (0.5, 0.5))) == (0, 1)
    assert pareto_front([]) == ()
