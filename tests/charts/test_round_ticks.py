from __future__ import annotations

from mergelab.charts.round_ticks import round_ticks


def test_ticks_are_round_numbers_within_the_ends() -> None:
    assert round_ticks(0.0531, 0.938) == [0.2, 0.4, 0.6, 0.8]
    assert round_ticks(0, 8) == [0, 2, 4, 6, 8]
    assert round_ticks(0.5, 0.9) == [0.5, 0.6, 0.7, 0.8, 0.9]


def test_on_a_logarithmic_axis_they_are_the_round_numbers_of_each_power_of_ten() -> None:
    assert round_ticks(0.05, 1, True) == [0.05, 0.1, 0.2, 0.5, 1.0]
    assert round_ticks(1e-5, 1, True) == [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0]


def test_a_single_number_is_its_own_tick() -> None:
    assert round_ticks(3.0, 3.0) == [3.0]
