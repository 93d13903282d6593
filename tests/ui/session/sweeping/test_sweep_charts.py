from __future__ import annotations

from typing import Any

from ui.session.sweeping.sweeps_by_hand import point, repeated, score, swept

from mergelab.jobs.sweeping.sweep_outcome import PointState
from mergelab.ui.messages import SweepChart, SweepChartRequest
from mergelab.ui.session.sweeping.sweep_charts import sweep_chart

ONE = {"method.density": [0.2, 0.5]}
TWO = {**ONE, "method.scale": [0.5, 1.0]}
THREE = {**TWO, "method.elect": ["mass", "count"]}


def chart(over: dict[str, Any], *points: Any, wanted: SweepChartRequest | None = None, **asked: Any) -> SweepChart:
    found = swept(over, points, **asked)
    drawn = sweep_chart(found, wanted) if wanted else sweep_chart(found)
    assert drawn
    return drawn


def at(number: int, value: float, density: float = 0.2, **more: Any) -> Any:
    return point(number, {"method.density": density, **more.pop("settings", {})}, value, **more)


def test_what_varies_decides_the_form() -> None:
    assert chart(ONE, at(0, 0.5)).form == "line"
    assert chart(TWO, at(0, 0.5, settings={"method.scale": 1.0})).form == "map"
    assert chart(THREE, at(0, 0.5, settings={"method.scale": 1.0, "method.elect": "mass"})).form == "parallel"
    two = point(0, {"method.density": 0.2}, 0.5, 0.5, scores=[score("task-a", 0.5)])
    assert chart(ONE, two, objective=["mean", "worst"]).form == "front"


def test_seeds_are_a_band_and_no_setting_of_their_own() -> None:
    points = [
        at(number, 0.5 + number / 10, density, settings={"seed": seed})
        for number, (density, seed) in enumerate([(0.2, 0), (0.2, 1), (0.5, 0), (0.5, 1)])
    ]
    found = chart({**ONE, "seed": [0, 1]}, *points)
    assert found.form == "line"
    assert "from the lowest to the highest of 2 seeds" in found.note
    assert [trace.get("name") for trace in found.figure.data[:2]] == ["lowest seed", "highest seed"]


def test_recipes_that_are_repeated_have_a_band_over_their_seeds() -> None:
    found = chart(
        ONE, repeated(0, {"method.density": 0.2}, 0.5, 0.625), repeated(1, {"method.density": 0.5}, 0.75, 0.5)
    )
    lower, upper, line, _ = found.figure.data
    assert (lower["y"], upper["y"], line["y"]) == ([0.5, 0.5], [0.625, 0.75], [0.5625, 0.625])
    assert "the mean over its seeds" in found.note and "from the lowest to the highest of 2 seeds" in found.note


def test_a_setting_with_one_value_does_not_vary() -> None:
    assert chart({**ONE, "method.scale": [1.0]}, at(0, 0.5, settings={"method.scale": 1.0})).form == "line"


def test_a_map_has_places_for_recipes_that_are_still_to_come() -> None:
    found = chart(TWO, at(0, 0.5, settings={"method.scale": 1.0}))
    assert found.figure.data[0]["z"] == [[None, None], [0.5, None]]
    assert not found.can_be_logarithmic


def test_ranges_without_steps_make_dots_on_a_plane_with_logarithmic_axes_where_the_range_is() -> None:
    over = {"method.density": "0.01:1:log", "method.scale": "0:1"}
    found = chart(
        over, *[at(number, 0.5, 0.1 * number + 0.01, settings={"method.scale": 0.3 * number}) for number in range(3)]
    )
    assert found.figure.layout["xaxis"]["type"] == "log"
    assert found.figure.layout["yaxis"]["type"] == "linear"
    assert found.logarithmic


def test_parallel_coordinates_say_what_a_dash_means() -> None:
    both = {"method.scale": 1.0, "method.elect": "mass"}
    found = chart(THREE, at(0, 0.5, settings=both), at(1, 0.6, settings={"method.scale": 0.5}))
    assert found.note.endswith(" –: the setting does not count for the recipe.")
    assert "–:" not in chart(THREE, at(0, 0.5, settings=both)).note


def test_a_wanted_form_that_does_not_fit_is_what_fits() -> None:
    assert chart(ONE, at(0, 0.5), wanted=SweepChartRequest("front", 3, 3, None, 100)).form == "line"


def test_the_summary_names_the_best_recipe_with_its_interval_and_rows() -> None:
    found = chart(ONE, at(0, 0.5), at(1, 0.7, 0.5))
    assert found.summary == "2 recipes. Best so far: Point 2 (Density 0.5), 70.0 % (60–80), n = 100 per task."
    half = chart(ONE, at(0, 0.5), at(1, 0.7, 0.5), wanted=SweepChartRequest(None, None, None, None, 50))
    assert half.summary.startswith("1 of 2 recipes.")


def test_every_dot_names_its_recipe_its_interval_and_its_rows() -> None:
    found = chart(ONE, at(4, 0.5, state=PointState.OUT))
    assert found.figure.data[-1]["text"] == [
        "Point 5, left the race<br>Density: 0.2<br>Mean of all tasks: 50.0 % (40–60)<br>n = 100 rows per task"
    ]
    assert found.note.endswith("A recipe that left the race was scored on fewer rows.")


def test_without_scores_there_is_no_chart() -> None:
    assert sweep_chart(swept(ONE, [])) is None
