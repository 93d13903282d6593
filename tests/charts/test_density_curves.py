"""The curves over the density."""

from __future__ import annotations

import math

import pandas
import pytest

from mergelab.charts import LINES, STYLES, cosine_curves, density_curves, dots_at

CURVES = pandas.DataFrame(
    {
        "place": [0.0, 0.25, 1.0],
        "conflict": [math.nan, 0.5, 0.6],
        "conflict_of_all": [0.0, 0.1, 0.6],
        "cancellation": [math.nan, 0.2, 0.3],
        "retained": [0.0, 0.7, 1.0],
        "cosine m/a": [math.nan, 0.4, 0.5],
        "cosine m/b": [math.nan, 0.2, 0.7],
    }
)


def test_each_figure_has_a_line_and_what_is_unknown_is_a_gap() -> None:
    lines = {trace["meta"]["key"]: trace for trace in density_curves(CURVES, "density").data}
    assert list(lines) == list(LINES)
    assert lines["conflict"]["y"] == [None, 0.5, 0.6]
    assert lines["cosine"]["y"] == [None, pytest.approx(0.3), pytest.approx(0.6)]
    assert lines["conflict"]["x"] == [0.0, 0.25, 1.0]


def test_experts_cosines_have_their_own_looks() -> None:
    first, second = cosine_curves(CURVES, "density", {"m/a": "A"}, {"m/a": 0, "m/b": 3}).data
    assert (first["name"], second["name"]) == ("A", "m/b")
    assert (second["line"]["color"], second["line"]["dash"]) == (STYLES[3].colour, STYLES[3].dash)


def test_a_recipe_stands_as_a_dot_on_each_line() -> None:
    first, second = dots_at(cosine_curves(CURVES, "density", {}, {}), 0.625, "circle")
    assert (first["x"], first["y"], second["y"]) == ([0.625], [pytest.approx(0.45)], [pytest.approx(0.45)])
    assert (second["marker"]["color"], second["meta"]["pinned"]) == (STYLES[1].colour, True)
    dots = {dot["meta"]["key"]: dot["y"] for dot in dots_at(density_curves(CURVES, "density"), 0.1, "circle")}
    assert dots["conflict"] == [None]  # nobody knows


def test_long_curves_are_thinned_to_what_can_be_seen() -> None:
    long = pandas.DataFrame({name: [number / 400 for number in range(401)] for name in CURVES})
    trace = density_curves(long, "density").data[0]
    assert len(trace["x"]) == 101
    assert (trace["x"][0], trace["x"][-1]) == (0.0, 1.0)


def test_a_picture_of_curves_is_a_valid_plotly_figure_between_0_and_1() -> None:
    figure = density_curves(CURVES, "density").figure()
    assert (figure.layout.xaxis.range, figure.layout.yaxis.range) == ((0, 1), (0, 1.02))
