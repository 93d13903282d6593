"""Entries are averaged over the experts that changed them; the base is zero, so models are their deltas."""

from __future__ import annotations

from tiny_states import merged_numbers


def test_a_change_of_one_expert_is_kept_and_a_shared_one_is_averaged() -> None:
    assert merged_numbers("ram", [3.0, 4.0, 0.0, 1.0], [0.0, -2.0, 0.0, 2.0], [0.0, 0.0, 0.0, 6.0]) == [
        3.0,
        1.0,
        0.0,
        3.0,
    ]


def test_changes_up_to_epsilon_count_as_none() -> None:
    ram = {"name": "ram", "epsilon": 0.5}
    assert merged_numbers(ram, [0.5, -0.5, 0.75], [2.0, 0.25, -0.25]) == [2.0, 0.0, 0.75]


def test_with_epsilon_0_equal_experts_come_back() -> None:
    assert merged_numbers({"name": "ram", "epsilon": 0}, [1e-7, 3.0], [1e-7, 3.0]) == merged_numbers(
        "average", [1e-7, 3.0]
    )
