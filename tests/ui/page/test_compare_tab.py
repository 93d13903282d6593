"""Two recipes side by side: what differs, by how much, in words and numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ui.fake_worker import charts, form, run_of

from mergelab.ui.form.form import KnobPlace
from mergelab.ui.page.compare_tab import compare_data
from mergelab.ui.session.messages import Comparison
from mergelab.ui.session.score_tables import TaskFace

DENSE = {"knobs": {KnobPlace("method", "ties", "density"): 0.9}}
TASKS = {"task-a": TaskFace("Task A", "tiny/a")}


def comparison(**fields: object) -> Comparison:
    return Comparison((charts(), charts(**fields)), (True, False), (None, None), TASKS)


def test_what_was_changed_lists_the_turned_knobs_alone() -> None:
    assert compare_data(comparison(**DENSE))["diff"] == [["method.density", "0.2", "0.9"]]
    same = compare_data(comparison())
    assert (same["diff"], same["same"][:4]) == ([], "Both")


def test_numbers_carry_the_difference_in_points() -> None:
    found = {row[0]: row[1:] for row in compare_data(comparison(**DENSE))["numbers"]}
    kept, dense, points = found["Kept"]
    expected = float(dense.split()[0]) - float(kept.split()[0])
    assert float(points.replace("−", "-")) == pytest.approx(expected, abs=0.11)


def test_the_difference_of_two_heatmaps_is_b_minus_a() -> None:
    sent = compare_data(comparison(**DENSE))
    for rate in sent["rates"]:
        a, b, difference = (sent[part]["rates"][rate]["z"] for part in ("a", "b", "difference"))
        assert difference[0][0] == pytest.approx(b[0][0] - a[0][0])


def test_scores_are_compared_where_both_were_scored_on_as_many_rows() -> None:
    one, other = (run_of(form(**fields).recipe().to_mapping(), "validation") for fields in ({}, DENSE))
    better = replace(other, scores=[replace(other.scores[0], value=0.85)])
    both = replace(comparison(**DENSE), runs=(one, better))
    assert compare_data(both)["scores"] == [["Task A", "80.0 % (70 % – 90 %)", "85.0 % (70 % – 90 %)", "+5.0", "100"]]
    fewer = replace(better, scores=[replace(better.scores[0], n=50)])
    assert compare_data(replace(both, runs=(one, fewer)))["scores"] == []
    assert compare_data(comparison(**DENSE))["scores"] == []


def test_recipes_without_curves_still_compare() -> None:
    sent = compare_data(
        comparison(method="average", sparsifier="dare", knobs={KnobPlace("sparsify", "dare", "target"): "weights"})
    )
    assert sent["curves"] is None
    json.dumps(sent, allow_nan=False)


def test_everything_sent_is_strict_json() -> None:
    json.dumps(compare_data(comparison(chosen=("tiny/a",))), allow_nan=False)
