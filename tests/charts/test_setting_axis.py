from __future__ import annotations

import pytest

from mergelab.charts import SettingAxis


def axis(*values: float | str | None, **more: object) -> SettingAxis:
    return SettingAxis("Density", values, ["" if value is None else f"{value}" for value in values], **more)  # type: ignore[arg-type]


def test_numbers_stand_between_the_lowest_and_the_highest_and_words_in_their_order() -> None:
    assert axis(0.5, 0.0, 2.0).places == [0.25, 0.0, 1.0]
    assert axis("ties", "average", "ties", "sce").places == [0.0, 0.5, 0.0, 1.0]
    assert axis(3).places == [0.5]


def test_a_logarithmic_axis_has_equal_factors_at_equal_distances_if_all_numbers_are_above_zero() -> None:
    assert axis(0.01, 0.1, 1.0, is_logarithmic=True).places == pytest.approx([0.0, 0.5, 1.0])
    assert axis(0.0, 1.0, is_logarithmic=True).places == [0.0, 1.0]
    assert not axis("a", "b", is_logarithmic=True).uses_logarithm


def test_a_setting_that_does_not_count_stands_below_the_axis() -> None:
    found = axis(1.0, None, 2.0)
    assert found.places == [0.0, -0.12, 1.0]
    assert found.ticks == [(-0.12, "–"), (0.0, "1.0"), (1.0, "2.0")]
    assert found.columns == [0, None, 1]


def test_many_numbers_have_round_ticks_and_few_have_their_own() -> None:
    assert [text for _, text in axis(*range(9)).ticks] == ["0", "2", "4", "6", "8"]
    assert axis(*(at + 0.5 for at in range(9))).ticks[0] == (0.1875, "2")
    shares = axis(*(at / 100 for at in range(50, 91, 4)), is_share=True)
    assert [text for _, text in shares.ticks] == ["50 %", "60 %", "70 %", "80 %", "90 %"]


def test_values_that_may_still_come_have_their_place() -> None:
    steps = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")]
    assert [text for _, text in axis(0.5, steps=steps).ordered] == ["0", "0.5", "1"]
