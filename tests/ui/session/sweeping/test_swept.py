from __future__ import annotations

from dataclasses import replace

from ui.fake_worker import form
from ui.session.sweeping.sweeps_by_hand import point, swept

from mergelab.jobs.sweeping.sweep_outcome import PointState

OVER = {"method.density": [0.2, 0.5, 0.8]}


def test_the_best_of_the_finished_points_is_the_best_so_far() -> None:
    left = point(2, {"method.density": 0.8}, 0.9, state=PointState.OUT)
    found = swept(OVER, [point(0, {"method.density": 0.2}, 0.6), point(1, {"method.density": 0.5}, 0.7), left])
    assert found.best == {1}


def test_with_two_objectives_the_front_is_best() -> None:
    points = [
        point(at, {"method.density": 0.2}, *values) for at, values in enumerate([(0.8, 0.3), (0.6, 0.6), (0.5, 0.5)])
    ]
    found = swept(OVER, points, objective=["mean", "worst"])
    assert found.best == {0, 1}
    assert [each.number for each in found.top(50)] == [0, 1]


def test_the_top_is_a_share_of_the_points_with_scores_rounded_up() -> None:
    points = [point(at, {"method.density": 0.2}, at / 10) for at in range(5)]
    assert [each.number for each in swept(OVER, points).top(50)] == [4, 3, 2]


def test_points_are_named_by_number_and_settings_and_the_ends_of_ramps_by_their_layer() -> None:
    found = swept({"method.density": {"first": [0.2, 0.5], "last": [1.0]}, "seed": [0, 1]}, [])
    assert found.columns == ["Density, first layer", "Density, last layer", "Seed"]
    tried = point(6, {"method.density first": 0.2, "method.density last": 1.0, "seed": 1}, 0.5)
    assert found.name(tried) == "Point 7 (Density, first layer 0.2, Density, last layer 1, Seed 1)"


def test_a_recipe_that_is_tried_again_is_there_once() -> None:
    recipe = form().recipe()
    first, again = (replace(point(at, {"method.density": 0.2}, 0.6), recipe=recipe) for at in range(2))
    assert [each.number for each in swept(OVER, [first, again]).points] == [0]
