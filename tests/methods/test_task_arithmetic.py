from __future__ import annotations

from tiny_states import merged_numbers

SUM = {"name": "task_arithmetic", "scale": 1.0}


def test_deltas_are_added_to_the_base() -> None:
    assert merged_numbers(SUM, [11.0, 10.0], [10.0, 12.0], base=[10.0, 10.0]) == [11.0, 12.0]


def test_the_scale_multiplies_the_summed_deltas() -> None:
    assert merged_numbers({**SUM, "scale": 0.5}, [4.0], [2.0]) == [3.0]
    assert merged_numbers({**SUM, "scale": 0.0}, [4.0], [2.0], base=[7.0]) == [7.0]


def test_a_weight_is_one_experts_strength() -> None:
    assert merged_numbers(SUM, [4.0], [2.0], weights=[0.5, 2.0]) == [6.0]


def test_a_negative_weight_forgets() -> None:
    assert merged_numbers(SUM, [13.0], base=[10.0], weights=[-1.0]) == [7.0]
