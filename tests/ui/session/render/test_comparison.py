"""Two recipes side by side: what differs, by how much, in words and numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui.fake_worker import charts, form, run_of

from mergelab.ui.form.form import KnobPlace
from mergelab.ui.session.chart_data import ComparedRecipes
from mergelab.ui.session.render.comparison import render_comparison
from mergelab.ui.session.score_tables import TaskFace

DENSE = {"knobs": {KnobPlace("method", "ties", "density"): 0.9}}
TASKS = {"task-a": TaskFace("Task A", "tiny/a")}


def comparison(**fields: object) -> ComparedRecipes:
    return ComparedRecipes((charts(), charts(**fields)), (True, False), (None, None), TASKS)


def test_what_was_changed_lists_the_turned_knobs_alone() -> None:
    assert render_comparison(comparison(**DENSE)).diff == [["method.density", "0.2", "0.9"]]
    same = render_comparison(comparison())
    assert (same.diff, same.same[:4]) == ([], "Both")


def test_numbers_carry_the_difference_in_points() -> None:
    found = {row[0]: row[1:] for row in render_comparison(comparison(**DENSE)).numbers}
    kept, dense, points = found["Kept"]
    expected = float(dense.split()[0]) - float(kept.split()[0])
    assert float(points.replace("−", "-")) == pytest.approx(expected, abs=0.11)


def test_the_difference_of_two_heatmaps_is_b_minus_a() -> None:
    sent = render_comparison(comparison(**DENSE))
    for rate in sent.rates:
        a, b, difference = (part.rates[rate].z[0][0] for part in (sent.a, sent.b, sent.difference))
        if a is not None and b is not None:
            assert difference == pytest.approx(b - a)
    assert sent.difference.rates["conflict_of_all"].z[0][0] is not None


def test_scores_are_compared_where_both_were_scored_on_as_many_rows() -> None:
    one, other = (run_of(form(**fields).recipe().to_mapping(), "validation") for fields in ({}, DENSE))
    better = replace(other, scores=[replace(other.scores[0], value=0.85)])
    both = replace(comparison(**DENSE), runs=(one, better))
    assert render_comparison(both).scores == [["Task A", "80.0 % (70 % – 90 %)", "85.0 % (70 % – 90 %)", "+5.0", "100"]]
    fewer = replace(better, scores=[replace(better.scores[0], n=50)])
    assert render_comparison(replace(both, runs=(one, fewer))).scores == []
    assert render_comparison(comparison(**DENSE)).scores == []


def test_recipes_without_curves_still_compare() -> None:
    sent = render_comparison(
        comparison(method="average", sparsifier="dare", knobs={KnobPlace("sparsify", "dare", "target"): "weights"})
    )
    assert sent.curves is None
