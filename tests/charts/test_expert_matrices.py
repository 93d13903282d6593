"""Pairs of experts, and what each keeps of each layer."""

from __future__ import annotations

import math

import numpy
import pandas
import pytest

from mergelab.analysis.preview import Pairs
from mergelab.charts import Picture, conflict_matrix, cosine_matrix, kept_heatmap, kept_summary, pairs_summary

TITLES = {"m/a": "A", "m/b": "B"}
PAIRS = Pairs(
    ("m/a", "m/b"),
    numpy.array([[math.nan, 0.25], [0.25, math.nan]]),
    numpy.array([[100.0, 80.0], [80.0, 200.0]]),
    numpy.array([[1.0, -0.5], [-0.5, 1.0]]),
)
KEPT = pandas.DataFrame(
    {"layer": ["0", "0", "1", "1"], "expert": ["m/a", "m/b", "m/a", "m/b"], "share": [0.1, 0.2, 0.4, 0.05]}
)


def test_a_pair_says_on_how_many_weights_it_disagrees() -> None:
    (trace,) = conflict_matrix(PAIRS, TITLES).data
    assert trace["z"] == [[None, 0.25], [0.25, None]]
    assert trace["text"][0] == [
        "A keeps 100 weights",
        "A and B disagree on 25.0 % of the weights that both keep<br>(80 weights)",
    ]
    assert (trace["zmin"], trace["zmax"]) == (0, 1)


def test_a_pair_leads_to_the_layer_and_module_where_it_conflicts_most() -> None:
    most = ("3", "mlp.down", "layers.3.down.weight")
    cells = [[None, most], [most, None]]
    for (trace,) in (conflict_matrix(PAIRS, TITLES, cells).data, cosine_matrix(PAIRS, TITLES, cells).data):
        assert trace["customdata"] == [[None, list(most)], [list(most), None]]
        assert trace["text"][0][1].endswith(".<br>Most conflicting weights: layer 3, mlp.down.")
        assert "Most conflicting" not in trace["text"][0][0]


def test_cosines_have_a_scale_of_their_own_and_no_diagonal() -> None:
    (trace,) = cosine_matrix(PAIRS, TITLES).data
    assert trace["z"] == [[None, -0.5], [-0.5, None]]
    assert (trace["zmin"], trace["zmax"], trace["meta"]["palette"]) == (-1, 1, "diverging")


def test_layers_keep_their_order_and_experts_theirs() -> None:
    picture = kept_heatmap(KEPT, TITLES)
    assert picture.data[0]["z"] == [[0.1, 0.2], [0.4, 0.05]]
    assert picture.layout["yaxis"]["ticktext"] == ["layer 0", "layer 1"]
    assert picture.data[0]["text"][1][1] == "layer 1: B keeps 5.0 % of the weights"


def test_experts_with_the_same_long_name_stay_apart() -> None:
    same = dict.fromkeys(TITLES, "a very long name of an expert")
    assert len(conflict_matrix(PAIRS, same).data[0]["x"]) == 2


def test_long_names_lose_what_they_share_on_the_axes_and_are_whole_under_the_pointer() -> None:
    long = {"m/a": "finetune-on-a-random-subset-mnist", "m/b": "finetune-on-a-random-subset-upper"}
    picture = conflict_matrix(PAIRS, long)
    assert picture.layout["yaxis"]["ticktext"] == ["mnist", "upper"]
    assert picture.data[0]["text"][0][1].startswith(f"{long['m/a']} and {long['m/b']} disagree")


def test_a_pair_that_shares_fewer_than_30_weights_has_no_share() -> None:
    few = Pairs(PAIRS.experts, PAIRS.conflict, numpy.array([[100.0, 29.0], [29.0, 200.0]]), PAIRS.cosines)
    (trace,) = conflict_matrix(few, TITLES).data
    assert trace["z"][0][1] is None
    assert trace["meta"]["few"] == [[None, 29], [29, None]]
    assert pairs_summary(few, TITLES) == "No two experts keep 30 weights in common, so there is no share to show."


@pytest.mark.parametrize(
    "picture", [conflict_matrix(PAIRS, TITLES), cosine_matrix(PAIRS, TITLES), kept_heatmap(KEPT, TITLES)]
)
def test_a_matrix_is_a_valid_plotly_figure(picture: Picture) -> None:
    assert picture.figure().layout.uirevision == "kept"


def test_each_has_a_sentence_for_whoever_does_not_see_it() -> None:
    assert pairs_summary(PAIRS, TITLES) == "A and B disagree: on 25.0 % of the 80 weights that both keep."
    assert (
        kept_summary(KEPT, TITLES)
        == "The largest share is kept of A in layer 1 (40.0 %), the smallest of B in layer 1 (5.0 %)."
    )
