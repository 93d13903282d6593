from __future__ import annotations

import pandas

from mergelab.charts.seed_band import seed_band


def runs(x: list[float], lowest: list[float], highest: list[float]) -> pandas.DataFrame:
    return pandas.DataFrame({"x": x, "lowest": lowest, "highest": highest})


def test_the_band_goes_from_the_lowest_to_the_highest_of_equal_x() -> None:
    values = [0.6, 0.8, 0.7, 0.5]
    lower, upper = seed_band(runs([0.2, 0.2, 0.5, 0.5], values, values))
    assert (lower["x"], lower["y"], upper["y"]) == ([0.2, 0.5], [0.6, 0.5], [0.8, 0.7])
    assert upper["fill"] == "tonexty"


def test_the_band_of_repeated_recipes_goes_over_their_seeds() -> None:
    lower, upper = seed_band(runs([0.2, 0.5], [0.6, 0.5], [0.8, 0.7]))
    assert (lower["y"], upper["y"]) == ([0.6, 0.5], [0.8, 0.7])


def test_recipes_without_repeats_have_no_band() -> None:
    assert seed_band(runs([0.2, 0.5], [0.6, 0.8], [0.6, 0.8])) == []
    assert seed_band(runs([0.2, 0.2], [0.6, 0.8], [0.6, 0.8])) == []
