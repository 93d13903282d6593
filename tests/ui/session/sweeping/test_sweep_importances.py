from __future__ import annotations

from dataclasses import replace

from ui.session.sweeping.sweeps_by_hand import point, swept

from mergelab.ui.session.sweeping.sweep_importances import sweep_importances

OVER = {"method.density": "0:1:0.25", "method.scale": "0:1:0.25"}
POINTS = [
    point(5 * d + s, {"method.density": d / 4, "method.scale": s / 4}, d / 10) for d in range(5) for s in range(5)
]


def test_settings_have_their_importance_with_n() -> None:
    (found,), note = sweep_importances(swept(OVER, POINTS))
    rows = found.settings
    assert found.title == "Mean of all tasks" and [row.title for row in rows] == ["Density", "Scale"]
    assert rows[0].value > rows[1].value
    assert "n = 25" in note


def test_each_objective_has_its_importances_with_the_settings_in_one_order() -> None:
    both = [replace(each, values=(each.values[0], each.settings["method.scale"])) for each in POINTS]
    (mean, worst), _ = sweep_importances(swept(OVER, both, objective=["mean", "worst"]))
    assert [mean.title, worst.title] == ["Mean of all tasks", "Worst task"]
    assert [[row.title for row in each.settings] for each in (mean, worst)] == [["Density", "Scale"]] * 2
    assert mean.settings[0].value > 0.9 > 0.1 > worst.settings[0].value


def test_with_too_few_recipes_the_note_says_how_many_are_needed() -> None:
    assert sweep_importances(swept(OVER, POINTS[:3])) == (
        [],
        "Importance needs 20 recipes with scores; there are 3 recipes.",
    )


def test_a_single_setting_has_no_importance() -> None:
    assert sweep_importances(swept({"seed": [0, 1]}, [])) == ([], "")
