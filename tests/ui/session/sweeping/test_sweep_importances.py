from __future__ import annotations

from ui.session.sweeping.sweeps_by_hand import point, swept

from mergelab.ui.session.sweeping.sweep_importances import sweep_importances

OVER = {"method.density": "0:1:0.25", "method.scale": "0:1:0.25"}
POINTS = [
    point(5 * d + s, {"method.density": d / 4, "method.scale": s / 4}, d / 10) for d in range(5) for s in range(5)
]


def test_settings_have_their_importance_with_n() -> None:
    rows, note = sweep_importances(swept(OVER, POINTS))
    assert [row.title for row in rows] == ["Density", "Scale"]
    assert rows[0].value > rows[1].value
    assert "n = 25" in note


def test_with_too_few_recipes_the_note_says_how_many_are_needed() -> None:
    assert sweep_importances(swept(OVER, POINTS[:3])) == (
        [],
        "Importance needs 20 recipes with scores; there are 3 recipes.",
    )


def test_a_single_setting_has_no_importance() -> None:
    assert sweep_importances(swept({"seed": [0, 1]}, [])) == ([], "")
