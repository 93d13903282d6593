"""The damage map has the axes of the conflict heatmap, and mutes what chance may have done."""

from __future__ import annotations

import pandas

from mergelab.analysis.damage import CellDamage, DamageMap
from mergelab.charts import conflict_heatmap, damage_heatmap, damage_summary
from mergelab.charts.damage_heatmap import MUTED, cell_words
from mergelab.evaluation.scores.paired import PairedDifference

CLEAR = PairedDifference(0.04, 0.01, 0.07, 200, "accuracy")
PALE = PairedDifference(-0.01, -0.03, 0.01, 200, "accuracy")
NONE = PairedDifference(0.0, 0.0, 0.0, 200, "accuracy")


def cell(layer: str, module: str, *damages: PairedDifference, unchanged: tuple[str, ...] = ()) -> CellDamage:
    return CellDamage(layer, module, 64, 5.0, dict(zip("st", damages, strict=False)), unchanged)


def found(*cells: CellDamage) -> DamageMap:
    return DamageMap("digest", "mean", "validation", {"s": "S", "t": "T"}, {"s": 200, "t": 200}, cells)


CELLS = (
    cell("embeddings", "word", CLEAR, CLEAR),
    cell("0", "mlp.up", PALE, CLEAR),
    cell("0", "attention.key", NONE, NONE, unchanged=("s", "t")),
    cell("1", "mlp.up", CLEAR),
)
WAITING = CELLS[3]


def test_its_axes_are_those_of_the_conflict_heatmap() -> None:
    table = pandas.DataFrame({"layer": [each.layer for each in CELLS], "module": [each.module for each in CELLS]})
    figures = dict.fromkeys(("conflict_of_all", "conflict", "cancellation", "coactive", "active"), 0.5)
    conflict = conflict_heatmap(table.assign(entries=64, conflicting=5.0, **figures))
    damage = damage_heatmap(found(*CELLS))
    assert damage.layout == conflict.layout
    for trace in damage.data:
        assert [trace[name] for name in ("x", "y", "customdata")] == [
            conflict.data[0][name] for name in ("x", "y", "customdata")
        ]


def test_cells_are_clear_or_pale_or_wait() -> None:
    clear, pale, waiting = damage_heatmap(found(*CELLS), "s").data[:2] + damage_heatmap(found(*CELLS)).data[2:]
    assert clear["z"] == [[4.0, None, None], [None, None, None], [None, None, 4.0]]
    assert pale["z"] == [[None, None, None], [None, 0.0, -1.0], [None, None, None]]
    assert waiting["z"] == [[None, None, None], [None, None, None], [None, None, 0.0]]
    assert (clear["opacity"], pale["opacity"], waiting["opacity"]) == (1, MUTED, MUTED)
    assert clear["meta"]["labels"] == [["+4.0", "", ""], ["", "0.0", "−1.0"], ["", "", "+4.0"]]
    assert waiting["meta"]["labels"][2] == ["", "", "…"]


def test_the_colours_reach_the_largest_damage_and_one_point_at_least() -> None:
    assert [damage_heatmap(found(*CELLS)).data[0][end] for end in ("zmin", "zmax")] == [-4.0, 4.0]
    assert damage_heatmap(found(CELLS[2])).data[0]["zmax"] == 1.0


def test_a_figure_of_plotly_can_be_made_of_it() -> None:
    assert len(damage_heatmap(found(*CELLS)).figure().data) == 3


def test_a_cell_is_told_with_its_interval_and_rows() -> None:
    whole = found(*CELLS)
    assert cell_words(whole, CELLS[1], "s") == "layer 0, mlp.up: −1.0 points (−3.0 to +1.0)<br>200 examples"
    assert cell_words(whole, CELLS[1]) == "layer 0, mlp.up: +1.5 points (−0.3 to +3.3)<br>400 examples"
    assert cell_words(whole, CELLS[2]) == "layer 0, attention.key: 0 exactly<br>the merge has these very tensors there"
    assert cell_words(whole, WAITING) == "layer 1, mlp.up: not measured yet"


def test_the_summary_says_how_many_cells_chance_would_give() -> None:
    assert damage_summary(found(*CELLS), "s") == (
        "Largest damage: embeddings, word: +4.0 points (+1.0 to +7.0), 200 examples. 2 of 3 intervals exclude 0; by chance alone "
        "about 0 would."
    )
    assert damage_summary(found(WAITING), "t") == "No cell is measured yet."
    assert damage_summary(found(CELLS[2])) == (
        "Nothing would change: the merge has the tensors of the experts’ mean everywhere. Put back something else."
    )
