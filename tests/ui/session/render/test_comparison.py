"""Two recipes side by side: what differs, by how much, in words and numbers."""

from __future__ import annotations

import pytest
from ui.fake_worker import charts

from mergelab.ui.form.form import KnobPlace
from mergelab.ui.messages import ComparedSetting
from mergelab.ui.session.chart_data import ComparedRecipes
from mergelab.ui.session.render.comparison import render_comparison
from mergelab.ui.session.render.scores_by_model import TaskFace

DENSE = {"knobs": {KnobPlace("method", "ties", "density"): 0.9}}
TASKS = {"task-a": TaskFace("Task A", "tiny/a")}


def comparison(**fields: object) -> ComparedRecipes:
    return ComparedRecipes((charts(), charts(**fields)), (True, False), (None, None), TASKS)


def test_both_are_named_by_what_differs_and_the_setting_stands_in_the_sidebars_words() -> None:
    sent = render_comparison(comparison(**DENSE))
    assert (sent.slots.a.title, sent.slots.b.title) == ("TIES · density 0.2", "TIES · density 0.9")
    assert sent.diff == [ComparedSetting("Density", "Density", "0.2", "0.9")]
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


def test_recipes_that_differ_in_density_alone_have_one_set_of_curves_with_rings_and_dots() -> None:
    one, other = charts(), charts(**DENSE)
    sent = render_comparison(ComparedRecipes((one, other), (True, False), (None, None), TASKS))
    assert sent.curves_notice.startswith("Identical curves: the recipes differ only in density")
    assert sent.curves
    marks = [trace for trace in sent.curves.data if trace["mode"] == "markers"]
    assert [(mark["x"], mark["marker"]["symbol"]) for mark in marks] == [
        *[([0.2], "circle-open")] * 5,
        *[([0.9], "circle")] * 5,
    ]


def test_equal_curves_of_recipes_that_differ_in_more_than_density_are_told_so() -> None:
    one, other = charts(), charts(knobs={KnobPlace("method", "ties", "weigh"): "after"})
    sent = render_comparison(ComparedRecipes((one, other), (True, False), (None, None), TASKS))
    assert sent.curves_notice.startswith("Identical curves: these recipes keep the same changes")


def test_recipes_without_curves_still_compare() -> None:
    sent = render_comparison(
        comparison(method="average", sparsifier="dare", knobs={KnobPlace("sparsify", "dare", "target"): "weights"})
    )
    assert sent.curves is None
