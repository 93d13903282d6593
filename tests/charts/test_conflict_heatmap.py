"""The heatmap by every rate, and the difference of two."""

from __future__ import annotations

import math

import pandas

from mergelab.charts import RATES, conflict_heatmap, difference_heatmap

CELLS = pandas.DataFrame(
    {
        "layer": ["0", "0", "1"],
        "module": ["mlp.up", "attention.query", "attention.query"],
        "entries": [200, 100, 100],
        "conflicting": [20.0, 20.0, 0.0],
        "conflict": [0.25, 0.5, math.nan],
        "conflict_of_all": [0.1, 0.2, 0.0],
        "cancellation": [0.05, 0.4, math.nan],
        "coactive": [0.4, 0.4, 0.0],
        "active": [0.9, 0.8, 0.1],
    }
)


def test_each_rate_colours_the_cells_and_says_what_it_is_a_share_of() -> None:
    shown = {rate: conflict_heatmap(CELLS, rate).data[0] for rate in RATES}
    assert list(RATES) == ["conflict_of_all", "conflict", "cancellation"]
    assert [shown[rate]["z"][0] for rate in RATES] == [[0.2, 0.1], [0.5, 0.25], [0.4, 0.05]]
    words = [shown[rate]["text"][0][0] for rate in RATES]
    assert "20.0 % of 100 weights conflict" in words[0]
    assert "50.0 % of 40 shared weights conflict" in words[1]
    assert "40.0 % of the kept magnitude is cancelled" in words[2]


def test_small_shares_of_all_weights_are_spread_over_the_colours_and_other_shares_are_not() -> None:
    stops = [[at for at, _ in conflict_heatmap(CELLS, rate).data[0]["colorscale"]] for rate in RATES]
    assert stops == [[0, 0.0625, 0.25, 0.5625, 1], [0, 0.25, 0.5, 0.75, 1], [0, 0.25, 0.5, 0.75, 1]]


def test_a_cell_knows_which_layer_and_module_it_is() -> None:
    trace = conflict_heatmap(CELLS).data[0]
    assert trace["customdata"] == [[["0", "attention.query"], ["0", "mlp.up"]], [["1", "attention.query"], None]]


def test_the_difference_is_the_second_minus_the_first_where_both_have_the_cell() -> None:
    other = CELLS.assign(conflict=[0.75, 0.25, 0.5]).iloc[:2]
    (trace,) = difference_heatmap(CELLS, other, "conflict").data
    assert trace["z"] == [[-0.25, 0.5]]
    assert (trace["zmin"], trace["zmax"], trace["meta"]["palette"]) == (-0.5, 0.5, "diverging")
    assert trace["text"][0][1] == "layer 0, mlp.up: 25 % in A, 75 % in B"
