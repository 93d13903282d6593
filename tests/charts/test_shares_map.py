"""The map of which expert decides most in each layer and module."""

from __future__ import annotations

import math

import pandas

from mergelab.charts import STYLES, shares_map, shares_summary

TITLES = {"m/a": "A", "m/b": "B"}
SHARES = pandas.DataFrame(
    {
        "layer": ["0", "0", "1", "0", "0", "1"],
        "module": ["mlp.up", "mlp.down", "mlp.up"] * 2,
        "expert": ["m/a"] * 3 + ["m/b"] * 3,
        "share": [0.75, 0.25, math.nan, 0.25, 0.75, math.nan],
    }
)


def test_a_cell_has_the_number_of_the_expert_with_the_largest_share_and_that_share() -> None:
    trace = shares_map(SHARES, TITLES, {"m/a": 0, "m/b": 3}).data[0]
    assert (trace["x"], trace["y"]) == (["up", "down"], ["layer 0", "layer 1"])
    assert trace["z"] == [[0, 1], [None, None]]
    assert trace["meta"]["labels"] == [["75%", "75%"], ["", ""]]
    assert trace["colorscale"] == [
        [0, STYLES[0].colour],
        [0.5, STYLES[0].colour],
        [0.5, STYLES[3].colour],
        [1, STYLES[3].colour],
    ]
    assert (trace["zmin"], trace["zmax"]) == (-0.5, 1.5)


def test_under_the_pointer_a_cell_tells_every_share_the_largest_first() -> None:
    text = shares_map(SHARES, TITLES, {}).data[0]["text"]
    assert text[0] == ["layer 0, mlp.up<br>A: 75.0 %<br>B: 25.0 %", "layer 0, mlp.down<br>B: 75.0 %<br>A: 25.0 %"]
    assert text[1][0] == "layer 1, mlp.up: no expert changes anything"


def test_a_sentence_counts_the_cells_that_each_expert_leads() -> None:
    one = SHARES.assign(share=[0.75, 0.75, math.nan, 0.25, 0.25, math.nan])
    assert shares_summary(one, TITLES) == "Largest share, of 2 cells: A in 2."
    assert shares_summary(SHARES.assign(share=math.nan), TITLES) == "No expert changes anything here."


def test_the_map_is_a_valid_plotly_figure() -> None:
    assert shares_map(SHARES, TITLES, {}).figure().layout.uirevision == "kept"
