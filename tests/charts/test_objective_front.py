from __future__ import annotations

import pandas
import pytest

from mergelab.charts import objective_front


def points(y: list[float], y_worth: list[float], best: list[bool]) -> pandas.DataFrame:
    x = [0.8, 0.6, 0.5]
    ends = {"x_low": [0.7, 0.5, 0.4], "x_high": [0.9, 0.7, 0.6], "y_low": y, "y_high": y}
    named = {"number": [1, 2, 3], "words": ["one", "two", "three"], "best": best}
    return pandas.DataFrame({"x": x, "x_worth": x, "y": y, "y_worth": y_worth, **ends, **named})


def test_the_front_is_joined_by_a_staircase_and_the_others_are_apart() -> None:
    found = objective_front(
        points([0.3, 0.6, 0.5], [0.3 + 1e-12, 0.6, 0.5], [True, True, False]), ["Mean", "Worst"], [True, True]
    )
    dominated, front, stairs = found.data
    assert "autorange" not in found.layout["yaxis"]
    assert dominated["customdata"] == [3]
    assert (stairs["x"], stairs["y"], stairs["line"]["shape"]) == ([0.6, 0.8], [0.6, 0.3], "vh")
    assert front["customdata"] == [2, 1]
    assert front["error_x"]["array"] == pytest.approx([0.1, 0.1])


def test_better_is_up_also_where_less_is_better() -> None:
    found = objective_front(
        points([2.0, 1.0, 3.0], [-2.0, -1.0, -3.0], [True, True, False]), ["Mean", "Bits"], [True, False]
    )
    assert found.layout["yaxis"]["autorange"] == "reversed"
    assert "autorange" not in found.layout["xaxis"]
    assert found.data[2]["y"] == [1.0, 2.0]
