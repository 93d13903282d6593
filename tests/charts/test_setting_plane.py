from __future__ import annotations

import pandas

from mergelab.charts import SettingAxis, setting_plane


def test_recipes_are_dots_over_both_settings_and_the_best_is_a_star() -> None:
    points = pandas.DataFrame({"number": [1, 2], "worth": [0.5, 0.9], "best": [False, True], "words": ["a", "b"]})
    x = SettingAxis("Density", [0.01, 0.1], ["0.01", "0.1"], is_logarithmic=True)
    y = SettingAxis("Method", ["t", "a"], ["TIES", "Average"])
    picture = setting_plane(points, x, y)
    first, best = picture.data
    assert (first["x"], first["y"], first["meta"], first["marker"]["symbol"]) == (
        [0.01],
        ["TIES"],
        {"shade": 0.0},
        "circle",
    )
    assert (best["customdata"], best["marker"]["symbol"]) == ([2], "star")
    assert (picture.layout["xaxis"]["type"], picture.layout["yaxis"]["type"]) == ("log", "category")


def test_a_recipe_for_which_a_setting_does_not_count_is_left_out() -> None:
    points = pandas.DataFrame({"number": [1, 2], "worth": [0.5, 0.9], "best": [False, True], "words": ["a", "b"]})
    x, y = SettingAxis("Density", [0.1, None], ["0.1", ""]), SettingAxis("Scale", [1.0, 2.0], ["1", "2"])
    assert [trace["customdata"] for trace in setting_plane(points, x, y).data] == [[1]]
