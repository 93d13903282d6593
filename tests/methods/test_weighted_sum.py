"""Sums of whole models, whatever their factors sum to."""

from __future__ import annotations

from tiny_states import merged_numbers


def test_factors_are_not_divided_by_their_sum() -> None:
    assert merged_numbers("weighted_sum", [1.0, 2.0], [3.0, -4.0], weights=[1.0, 1.0]) == [4.0, -2.0]


def test_factors_may_be_negative() -> None:
    assert merged_numbers("weighted_sum", [1.0, 2.0], [3.0, -4.0], weights=[2.0, -0.5]) == [0.5, 6.0]


def test_the_base_is_a_term_only_where_it_is_listed() -> None:
    assert merged_numbers("weighted_sum", [1.0], [2.0], base=[100.0], weights=[0.5, 0.25]) == [1.0]


def test_equal_experts_are_scaled_by_the_sum_of_their_factors() -> None:
    assert merged_numbers("weighted_sum", [1.0], [1.0], base=[1.0], weights=[2.0, 2.0]) == [4.0]
