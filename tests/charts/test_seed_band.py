from __future__ import annotations

import pandas

from mergelab.charts.seed_band import seed_band


def test_the_band_goes_from_the_lowest_to_the_highest_of_equal_x() -> None:
    lower, upper = seed_band(pandas.DataFrame({"x": [0.2, 0.2, 0.5, 0.5], "value": [0.6, 0.8, 0.7, 0.5]}))
    assert (lower["x"], lower["y"], upper["y"]) == ([0.2, 0.5], [0.6, 0.5], [0.8, 0.7])
    assert upper["fill"] == "tonexty"


def test_recipes_without_repeats_have_no_band() -> None:
    assert seed_band(pandas.DataFrame({"x": [0.2, 0.5], "value": [0.6, 0.8]})) == []
    assert seed_band(pandas.DataFrame({"x": [0.2, 0.2], "value": [0.6, 0.8]})) == []
