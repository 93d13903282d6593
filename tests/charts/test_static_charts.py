"""Pictures of an inspection are valid plotly figures, and each has its sentence."""

from __future__ import annotations

from pathlib import Path

import numpy
import pandas
from tiny_folders import folders, recipe_for

from mergelab.analysis.static import skipped_cka
from mergelab.charts.feature_similarity import feature_lines, features_summary
from mergelab.charts.figure_layout import short_names
from mergelab.charts.layer_heatmap import cells_of, layer_map, layer_summary
from mergelab.charts.pair_matrix import matrix_summary, pair_matrix
from mergelab.charts.rates_over_density import density_summary, rates_over_density
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

NAN = float("nan")


def test_models_are_called_by_their_last_part_where_that_tells_them_apart() -> None:
    assert short_names(["pixels/mnist", "C:\\models\\upper"]) == {"pixels/mnist": "mnist", "C:\\models\\upper": "upper"}
    assert short_names(["x/a", "y/a"]) == {"x/a": "x/a", "y/a": "y/a"}


def test_a_matrix_of_pairs_leaves_its_diagonal_empty() -> None:
    values = numpy.array([[1, 0.2, NAN], [0.2, 1, -0.4], [NAN, -0.4, 1]])
    shown = pair_matrix(["x/a", "x/b", "x/c"], values, "cosine", signed=True)
    assert shown.figure().data[0].zmin == -1 and shown.data[0]["z"] == [
        [None, 0.2, None],
        [0.2, None, -0.4],
        [None, -0.4, None],
    ]
    told = matrix_summary(["x/a", "x/b", "x/c"], values, "cosine")
    assert told == "Cosine is largest between b and a (0.20), smallest between c and b (-0.40)."
    assert matrix_summary(["x/a"], numpy.array([[NAN]]), "conflict") == "No pair of experts has a conflict here."
    assert matrix_summary(["a", "b"], numpy.array([[NAN, 0.5], [0.5, NAN]]), "conflict") == "Conflict of b and a: 0.50."


def test_curves_over_density_have_a_line_a_share_and_a_mark() -> None:
    grid = numpy.linspace(0, 1, 11)
    curves = pandas.DataFrame(
        {
            "place": grid,
            "conflict_of_all": grid / 10,
            "conflict": [NAN, *grid[1:] / 2],
            "cancellation": grid / 4,
            "retained": grid**0.5,
            "union": grid,
        }
    )
    shown = rates_over_density(curves, 0.3)
    assert [trace["name"] for trace in shown.data] == [
        "conflicting weights",
        "conflict among shared weights",
        "cancelled",
        "energy kept",
        "weights kept by any expert",
    ]
    assert shown.data[1]["y"][0] is None and shown.figure().layout.shapes[0].x0 == 0.3
    assert density_summary(curves).startswith("At a density of 10 %, 1.0 % of all weights conflict and 32 %")
    assert "no curves" in density_summary(curves.iloc[:1])


def test_a_static_figure_is_drawn_over_layers_and_modules(tmp_path: Path) -> None:
    folders(tmp_path)
    groups = finish(workbench.inspect(recipe_for(tmp_path), device="cpu")).groups
    found = cells_of(groups, "relative_norm")
    assert {(each["layer"], each["module"]) for each in found} == {
        ("embeddings", "word"),
        ("0", "mlp.down"),
        ("1", "mlp.down"),
    }
    assert layer_map(groups, "relative_norm").figure().data[0].type == "heatmap"
    assert layer_summary(groups, "relative_norm").startswith("The relative norm is largest in ")
    assert cells_of(groups, "cka") == [] and "No tensor has the figure" in layer_summary(groups, "cka")


def test_features_are_lines_over_layers_or_a_reason() -> None:
    rows = [
        (layer, "cka", of, value, 8, "measured", "")
        for layer, value in (("embeddings", 0.9), ("0", 0.5))
        for of in ("base × x/a", "x/a × x/b")
    ]
    table = pandas.DataFrame(rows, columns=["layer", "figure", "of", "value", "rows", "status", "reason"])
    shown = feature_lines(table, ["x/a", "x/b"])
    assert [trace["name"] for trace in shown.data] == ["a × b", "base × a"] and shown.figure().data[0].x == (
        "embeddings",
        "layer 0",
    )
    assert (
        features_summary(table, ["x/a", "x/b"]) == "Features differ most after layer 0, between base and a (CKA 0.50)."
    )
    assert features_summary(skipped_cka("nobody brings rows"), []) == "Features were not compared: nobody brings rows."
