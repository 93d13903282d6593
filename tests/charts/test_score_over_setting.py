from __future__ import annotations

import pandas

from mergelab.charts import score_over_setting


def runs(**columns: list[object]) -> pandas.DataFrame:
    count = len(columns["x"])
    more = {"low": [0.1] * count, "high": [0.9] * count, "number": list(range(count)), "words": ["<b>"] * count}
    seeds = {"lowest": columns["value"], "highest": columns["value"]}
    return pandas.DataFrame({**more, **seeds, **columns})


def test_dots_stand_in_the_order_of_the_setting_and_the_line_goes_through_means() -> None:
    figure = score_over_setting(runs(x=[0.5, 0.2, 0.5], value=[0.6, 0.3, 0.8]), "Density", "mean", True)
    line, dots = figure.data
    assert (line["x"], line["y"]) == ([0.2, 0.5], [0.3, 0.7])
    assert dots["x"] == [0.2, 0.5, 0.5]
    assert dots["customdata"] == [1, 0, 2]
    assert figure.layout["yaxis"]["tickformat"] == ".0%"


def test_a_score_without_an_interval_has_no_bar_and_labels_are_no_markup() -> None:
    figure = score_over_setting(runs(x=[1], value=[0.5], low=[float("nan")], high=[float("nan")]), "x", "y", False)
    (dots,) = figure.data
    assert (dots["error_y"]["array"], dots["error_y"]["arrayminus"]) == ([0.0], [0.0])
    assert dots["text"] == ["‹b›"]
    assert "tickformat" not in figure.layout["yaxis"]


def test_with_a_band_equal_settings_of_several_seeds_are_framed_and_the_axis_may_be_logarithmic() -> None:
    figure = score_over_setting(runs(x=[0.1, 0.1, 1.0, 1.0], value=[0.5, 0.7, 0.6, 0.6]), "x", "y", True, True, True)
    assert [trace["y"] for trace in figure.data[:2]] == [[0.5, 0.6], [0.7, 0.6]]
    assert figure.layout["xaxis"]["type"] == "log"
    assert figure.layout["xaxis"]["tickvals"] == [0.1, 0.2, 0.5, 1.0]
