from __future__ import annotations

import pandas

from mergelab.charts import SettingAxis, fills_a_grid, setting_heatmap

DENSITY = SettingAxis("Density", [0.2, 0.4, 0.2, 0.2], ["0.2", "0.4", "0.2", "0.2"])
METHOD = SettingAxis("Method", ["a", "a", "b", "b"], ["A", "A", "B", "B"])


def points(*values: float, sign: int = 1, best: int = 0) -> pandas.DataFrame:
    worth = [sign * value for value in values]
    words = [f"Point {at}\nn = 9" for at in range(1, 5)]
    chosen = [number == best for number in (1, 2, 3, 4)]
    return pandas.DataFrame({"number": [1, 2, 3, 4], "best": chosen, "value": values, "worth": worth, "words": words})


def test_a_cell_is_the_mean_of_its_recipes_and_the_best_has_a_star() -> None:
    (trace,) = setting_heatmap(points(0.5, 0.7, 0.8, 1.0), DENSITY, METHOD, True).data
    assert trace["z"] == [[0.5, 0.7], [0.9, None]]
    assert trace["meta"]["labels"] == [["50.0", "70.0"], ["★ 90.0", ""]]
    assert trace["meta"]["best"] == {"row": 1, "column": 0}
    assert (trace["zmin"], trace["zmax"]) == (0.5, 0.9)


def test_a_click_opens_the_best_recipe_of_a_cell_and_hovering_names_all() -> None:
    (trace,) = setting_heatmap(points(0.5, 0.7, 0.8, 1.0), DENSITY, METHOD, True).data
    assert trace["customdata"] == [[1, 2], [4, None]]
    assert trace["text"][0][0] == "Point 1<br>n = 9"
    assert trace["text"][1][0] == "Mean of 2 recipes: 90.0 %<br>Point 3<br>n = 9<br>Point 4<br>n = 9"


def test_where_less_is_better_the_smallest_is_best_and_cells_say_what_was_measured() -> None:
    (trace,) = setting_heatmap(points(1.5, 1.2, 2.0, 2.0, sign=-1), DENSITY, METHOD, False).data
    assert trace["meta"]["labels"] == [["1.5", "★ 1.2"], ["2", ""]]
    assert trace["showscale"] is False


def test_the_axes_name_their_values() -> None:
    layout = setting_heatmap(points(0.5, 0.7, 0.8, 1.0), DENSITY, METHOD, True).layout
    assert layout["xaxis"]["ticktext"] == ["0.2", "0.4"]
    assert layout["yaxis"]["ticktext"] == ["A", "B"]


def test_values_that_hardly_any_recipe_shares_make_no_grid() -> None:
    assert fills_a_grid(DENSITY, METHOD, 2)
    many = SettingAxis("Scale", [0.1, 0.2, 0.3, 0.4], ["", "", "", ""])
    assert not fills_a_grid(many, many, 4)


def test_the_star_stands_at_the_best_recipe_also_where_one_on_fewer_rows_has_more() -> None:
    two = points(0.5, 0.7, 0.9, 0.0, best=2)[:3]
    x, y = (
        SettingAxis("Density", [0.2, 0.4, 0.2], ["0.2", "0.4", "0.2"]),
        SettingAxis("M", ["a", "a", "b"], ["A", "A", "B"]),
    )
    assert setting_heatmap(two, x, y, True).data[0]["meta"]["best"] == {"row": 0, "column": 1}
