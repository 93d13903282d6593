from __future__ import annotations

import pytest

from mergelab.sweeps import SweepError
from mergelab.sweeps.point_grid import grid
from mergelab.sweeps.search_space import SearchSpace

RECIPE = {"base": "o", "models": ["a"], "method": "ties"}


def test_a_grid_has_every_point_once_in_the_order_of_its_values() -> None:
    found = grid(SearchSpace.read(RECIPE, {"method.density": "0.1:0.3:0.1", "seed": [0, 1]}))
    assert found == [{"method.density": density, "seed": seed} for density in (0.1, 0.2, 0.3) for seed in (0, 1)]


def test_whole_numbers_go_by_ones_and_a_last_step_may_end_early() -> None:
    assert [each["seed"] for each in grid(SearchSpace.read(RECIPE, {"seed": "0:3"}))] == [0, 1, 2, 3]
    points = grid(SearchSpace.read(RECIPE, {"method.density": "0.1:0.65:0.2"}))
    assert [each["method.density"] for each in points] == [0.1, 0.3, 0.5]


def test_a_range_without_steps_is_no_grid() -> None:
    with pytest.raises(SweepError, match=r"a grid needs steps: method\.density"):
        grid(SearchSpace.read(RECIPE, {"method.density": "0.1:0.5"}))
