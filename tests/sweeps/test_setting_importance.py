from __future__ import annotations

from mergelab.sweeps.dimension import Listed, Span
from mergelab.sweeps.setting_importance import setting_importances

DENSITY, SCALE, ELECT = Span("d", 0.0, 1.0, 0.25), Span("s", 0.0, 1.0, 0.25), Listed("e", ("mass", "count"))
GRID = [{"d": d / 4, "s": s / 4} for d in range(5) for s in range(5)]


def test_the_setting_that_decides_comes_first_and_importances_add_up_to_one() -> None:
    first, second = setting_importances([SCALE, DENSITY], [(at, at["d"]) for at in GRID])
    assert (first.path, second.path) == ("d", "s")
    assert first.value > 0.9 and abs(first.value + second.value - 1) < 1e-9
    assert first.low > second.high
    assert first.low <= first.value <= first.high


def test_words_may_decide_as_well() -> None:
    both = [{**at, "e": e} for at in GRID for e in ELECT.values]
    points = [(at, float(at["e"] == "mass") + 0.01 * (7 * place % 50)) for place, at in enumerate(both)]
    assert setting_importances([DENSITY, SCALE, ELECT], points)[0].path == "e"


def test_a_setting_that_counts_for_some_points_alone_has_an_importance() -> None:
    points = [({"d": at["d"], **({"s": at["s"]} if at["d"] > 0.5 else {})}, at["d"] + at["s"]) for at in GRID]
    assert {each.path for each in setting_importances([DENSITY, SCALE], points)} == {"d", "s"}


def test_few_points_and_a_single_setting_have_none() -> None:
    assert setting_importances([DENSITY, SCALE], [(at, at["d"]) for at in GRID[:19]]) == []
    assert setting_importances([DENSITY], [(at, at["d"]) for at in GRID]) == []
    assert setting_importances([DENSITY, SCALE], [({**at, "s": 0.5}, at["d"]) for at in GRID]) == []
