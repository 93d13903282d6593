from __future__ import annotations

import pandas

from mergelab.charts import SettingAxis, parallel_settings
from mergelab.charts.parallel_settings import broken, shades

POINTS = pandas.DataFrame(
    {"number": [1, 2], "worth": [0.9, 0.5], "best": [True, False], "out": [False, True], "words": ["one", "two"]}
)
AXES = [
    SettingAxis("Density", [0.2, 0.4], ["0.2", "0.4"]),
    SettingAxis("Method", ["ties", "sce"], ["TIES", "SCE"]),
    SettingAxis("Mean of all tasks", [0.9, 0.5], ["90 %", "50 %"], is_share=True),
]


def test_a_recipe_is_a_line_from_axis_to_axis_and_the_best_is_drawn_last() -> None:
    lines = [trace for trace in parallel_settings(POINTS, AXES).data if "number" in trace["meta"]]
    assert [line["meta"] for line in lines] == [{"shade": 0.0, "number": 2}, {"shade": 1.0, "number": 1}]
    assert lines[1]["y"] == [0.0, 0.0, 1.0]
    assert [line["line"]["dash"] for line in lines] == ["dot", "solid"]


def test_every_axis_has_a_rule_a_title_and_ticks() -> None:
    picture = parallel_settings(POINTS, AXES)
    assert [trace["x"] for trace in picture.data if trace["name"] == "axis"] == [[0, 0], [1, 1], [2, 2]]
    assert picture.layout["xaxis"]["ticktext"] == ["Density", "Method", "Mean of all<br>tasks"]
    assert [each["text"] for each in picture.layout["annotations"]] == ["0.2", "0.4", "TIES", "SCE", "50 %", "90 %"]
    assert [each["words"] for each in picture.layout["meta"]["axes"]] == [[], ["TIES", "SCE"], []]


def test_shades_go_by_rank_from_the_worst_to_the_best_and_equal_ones_are_best() -> None:
    assert shades([0.1, 0.9, 0.8, 0.8]) == [0.0, 1.0, 0.5, 0.5]
    assert shades([1.0, 1.0]) == [1.0, 1.0]


def test_long_titles_are_broken_between_words() -> None:
    assert broken("Weight of Fashion-MNIST <b>") == "Weight of<br>Fashion-MNIST<br>‹b›"
