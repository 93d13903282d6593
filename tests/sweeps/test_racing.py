from __future__ import annotations

import numpy
from sweeps.scored import answered

from mergelab.sweeps.objective import read_objective
from mergelab.sweeps.racing import Race

MEAN = read_objective("mean", {"movie": "accuracy"}, {})


def scores(*right: int, rows: int = 200) -> dict[int, dict[str, object]]:
    """Points that answer so many rows rightly, the first ones."""
    return {number: {"movie": answered(range(count), rows=rows)} for number, count in enumerate(right)}


def test_a_point_that_is_clearly_worse_leaves_and_the_best_stays() -> None:
    assert Race(halving=False).remaining(scores(100, 150, 148), MEAN, 200, 400) == [1, 2]


def test_halving_keeps_the_better_half_even_if_no_point_is_clearly_worse() -> None:
    close = scores(100, 101, 102, 103)
    assert Race(halving=True).remaining(close, MEAN, 200, 400) == [3, 2]
    assert Race(halving=False).remaining(close, MEAN, 200, 400) == [3, 2, 1, 0]


def test_equal_points_stay_in_their_order_and_one_alone_stays() -> None:
    assert Race(halving=False).remaining(scores(5, 5), MEAN, 200, 400) == [0, 1]
    assert Race().remaining(scores(5), MEAN, 200, 400) == [0]
    assert Race().remaining(scores(5, 4), MEAN, 200, 400) == [0]


def test_the_best_of_equally_good_points_rarely_leaves_a_safe_race() -> None:
    """All points are alike, so each that leaves is a mistake; the promise is for any one of them."""
    draws, left = numpy.random.default_rng(0), 0
    for _ in range(60):
        points = {k: {"movie": answered(numpy.flatnonzero(draws.random(50) < 0.6).tolist(), rows=50)} for k in range(5)}
        left += 0 not in Race(halving=False).remaining(points, MEAN, 50, 200)
    assert left / 60 <= 0.05
