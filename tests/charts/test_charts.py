"""What the pictures hold: cells, hover words, thresholds, whiskers; never pixels."""

from __future__ import annotations

import math

import numpy
import pandas
import pytest

from mergelab.analysis.preview import Histogram
from mergelab.charts import (
    STYLES,
    Picture,
    by_conflict,
    conflict_heatmap,
    conflict_summary,
    histogram_summary,
    magnitude_histogram,
    percent,
    plain,
    score_bars,
    scores_summary,
    style_of,
)

CELLS = pandas.DataFrame(
    {
        "layer": ["embeddings", "0", "0", "1"],
        "module": ["word", "mlp.up", "attention.query", "attention.query"],
        "entries": [1000, 200, 100, 100],
        "conflicting": [0.0, 25.0, 20.0, 30.0],
        "conflict_of_all": [0.0, 0.125, 0.2, 0.3],
        "conflict": [math.nan, 0.25, 0.5, 0.75],
        "coactive": [0.0, 0.5, 0.4, 0.4],
        "active": [0.1, 0.9, 0.8, 0.8],
    }
)
HISTOGRAM = Histogram(
    numpy.array([-3.0, -2.0, -1.0]), numpy.array([[0.75, 0.25], [0.5, 0.5]]), numpy.array([0.0, 0.0]), (-4.0, -0.5)
)
EXPERTS = pandas.DataFrame(
    {"expert": ["m/a", "m/b"], "kept": [0.2, 0.5], "threshold": [0.01, math.nan], "norm": [2.0, 0.5]}
)
SCORES = pandas.DataFrame(
    [
        {
            "task": "t",
            "title": "Long title",
            "role": role,
            "model": model,
            "place": 1,
            "value": value,
            "low": value - 0.1,
            "high": value + 0.05,
            "n": 2000,
            "metric": "accuracy",
            "scale": "",
            "words": percent(value, 1),
            "interval": f"{percent(value - 0.1, 1)} to {percent(value + 0.05, 1)}",
        }
        for role, model, value in (
            ("base", "m/base", 0.5),
            ("own", "m/a", 0.9),
            ("other", "m/b", 0.6),
            ("merged", "merged", 0.8),
        )
    ]
)


def histogram() -> Picture:
    return magnitude_histogram(HISTOGRAM, EXPERTS, {"m/a": "A"}, {"m/a": 0, "m/b": 3})


def test_the_heatmap_has_a_fixed_scale_and_leaves_holes_where_there_is_no_tensor_or_no_overlap() -> None:
    trace = conflict_heatmap(CELLS, "conflict").data[0]
    assert (trace["zmin"], trace["zmax"]) == (0, 1)
    assert trace["x"] == ["word", "query", "up"]
    assert trace["y"] == ["embeddings", "layer 0", "layer 1"]
    assert trace["z"] == [[None, None, None], [None, 0.5, 0.25], [None, 0.75, None]]


def test_hovering_a_cell_says_the_share_and_the_counts_in_words() -> None:
    text = conflict_heatmap(CELLS, "conflict").data[0]["text"]
    assert text[2][1] == "layer 1, attention.query: 75.0 % of 40 shared weights conflict<br>(100 weights in all)"
    assert text[0][0] == "embeddings, word: no weight is kept by two experts (1,000 weights)"


def test_a_share_of_fewer_than_30_weights_is_left_out_and_their_number_is_told() -> None:
    few = CELLS.assign(coactive=[0.0, 0.145, 0.3, 0.01], conflict=[math.nan, 0.25, 0.5, 1.0])
    trace = conflict_heatmap(few, "conflict").data[0]
    assert trace["z"][1:] == [[None, 0.5, None], [None, None, None]]
    assert trace["meta"]["few"] == [[None, None, None], [None, None, 29], [None, 1, None]]
    assert "100.0 % of 1 shared weights conflict<br>too few weights for a share" in trace["text"][2][1]


def test_most_conflicting_weights_come_first_and_unknown_cells_last() -> None:
    ordered = by_conflict(CELLS.assign(conflicting=[math.nan, 25.0, 20.0, 30.0]))
    assert ordered["conflicting"].tolist()[:3] == [30.0, 25.0, 20.0]
    assert math.isnan(ordered["conflicting"].iloc[3])


def test_cells_carry_numbers_only_while_there_are_few() -> None:
    many = pandas.concat([CELLS.assign(layer=str(number)) for number in range(100)])
    assert "texttemplate" in conflict_heatmap(CELLS).data[0]
    assert "texttemplate" not in conflict_heatmap(many).data[0]


def test_the_histogram_draws_one_step_line_an_expert_in_its_own_colour_and_dash() -> None:
    first, second = histogram().data
    assert first["name"] == "A"
    assert second["name"] == "m/b"
    assert first["line"]["shape"] == "hv"
    assert (second["line"]["color"], second["line"]["dash"]) == (STYLES[3].colour, STYLES[3].dash)
    assert first["x"] == [-3.0, -2.0]
    assert histogram().layout["xaxis"]["range"] == [-4.0, -0.5], "the whole model's axis"
    assert first["y"] == [0.75, 0.25]


def test_a_threshold_is_a_line_at_its_magnitude_and_an_undefined_one_is_none() -> None:
    shapes = histogram().layout["shapes"]
    assert [shape["x0"] for shape in shapes] == [pytest.approx(-2)]
    assert shapes[0]["line"]["color"] == STYLES[0].colour


def test_bars_carry_the_interval_as_whiskers_and_n_in_their_words() -> None:
    base, own, merged, others = score_bars(SCORES).data
    assert (base["y"], own["y"], merged["y"], others["y"]) == ([0.5], [0.9], [0.8], [0.6])
    assert merged["error_y"]["array"] == [pytest.approx(0.05)]
    assert merged["error_y"]["arrayminus"] == [pytest.approx(0.1)]
    assert merged["text"] == ["merged on Long title: accuracy 80.0 %<br>95 % interval 70.0 % to 85.0 %, n = 2,000"]
    assert own["marker"]["color"] == [STYLES[1].colour]
    assert score_bars(SCORES).layout["yaxis"]["range"] == [0, 1.02]


def test_long_names_of_tasks_are_shortened_below_the_bars_and_whole_in_the_words() -> None:
    long = "sentiment-classifier-for-product-reviews-in-twelve-languages"
    drawn = score_bars(pandas.concat([SCORES, SCORES.assign(task="u", title=long)])).data[2]
    assert drawn["x"] == ["Long<br>title", "sentiment-cl…e-languages"]
    assert drawn["text"][1].startswith(f"merged on {long}: ")


def test_bits_per_byte_have_an_axis_of_their_own() -> None:
    scale = {"metric": "bits per byte", "scale": "bits per byte, lower is better"}
    texts = SCORES.assign(task="u", title="Texts", value=1.8, low=-math.inf, high=1.9, words="1.80", **scale)
    drawn = score_bars(pandas.concat([SCORES, texts[texts["role"] == "merged"]]))
    shares, bits = drawn.data[2], next(trace for trace in drawn.data if trace["yaxis"] == "y2" and trace["y"])
    assert (shares["yaxis"], shares["y"], bits["y"]) == ("y", [0.8], [1.8])
    assert bits["text"][0].startswith("merged on Texts: bits per byte 1.80<br>")
    assert bits["error_y"]["arrayminus"] == [0.0], "an interval without an end has no whisker"
    axes = drawn.layout
    assert axes["yaxis"]["tickformat"] == ".0%" and "tickformat" not in axes["yaxis2"]
    assert axes["yaxis2"]["title"]["text"] == "bits per byte, lower is better"
    assert axes["xaxis"]["domain"][1] < axes["xaxis2"]["domain"][0]
    assert scores_summary(texts) == "Merged model: Texts 1.80 bits per byte, lower is better."
    drawn.figure()


def test_markup_in_a_name_cannot_reach_plotly() -> None:
    hostile = CELLS.assign(module="<b onclick=x>")
    assert "<" not in conflict_heatmap(hostile).data[0]["x"][0]
    assert plain("<script>") == "‹script›"


def test_every_expert_of_a_page_has_a_look_of_its_own() -> None:
    assert len({style.colour for style in STYLES}) == len(STYLES) == 8
    assert len({style.dash for style in STYLES}) == len(STYLES)
    assert style_of(8) == STYLES[0]


@pytest.mark.parametrize(
    "picture", [conflict_heatmap(CELLS), histogram(), score_bars(SCORES)], ids=["heatmap", "histogram", "bars"]
)
def test_a_picture_is_a_valid_plotly_figure_with_few_shapes_and_kept_zoom(picture: Picture) -> None:
    figure = picture.figure()
    assert figure.layout.uirevision == "kept"
    assert len(figure.layout.shapes) <= len(STYLES)


def test_each_picture_has_a_sentence_for_whoever_does_not_see_it() -> None:
    assert (
        conflict_summary(CELLS) == "Most conflicting weights: layer 1, attention.query, 30 of its 100 weights (30.0 %)."
    )
    assert conflict_summary(CELLS.assign(coactive=0.0)).startswith("No weight is kept by two experts")
    assert conflict_summary(CELLS.assign(conflicting=0.0)) == "No two experts pull a weight in opposite directions."
    assert histogram_summary(EXPERTS, {"m/a": "A"}) == "A moved farthest from the base (2), m/b least (0.5)."
    assert histogram_summary(EXPERTS.iloc[:1], {}) == "m/a moved 2 from the base."
    assert histogram_summary(EXPERTS.assign(norm=math.nan), {}).startswith("How far the experts moved is unknown")
    assert scores_summary(SCORES) == "Merged model: Long title 80.0 %."
    assert scores_summary(SCORES.iloc[:1]) == "No merged model has been scored yet."


def test_an_undefined_share_is_a_dash() -> None:
    assert (percent(0.314), percent(math.nan)) == ("31 %", "–")
