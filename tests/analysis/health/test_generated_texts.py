"""A text loops if its last tokens are one n-gram again and again."""

from __future__ import annotations

import pytest

from mergelab.analysis.health.generated_texts import loops


@pytest.mark.parametrize(
    ("ids", "looping"),
    [
        ([1] * 12, True),
        ([1] * 11, False),
        ([5, 6, 7, *[1, 2] * 6], True),
        ([*[1, 2] * 6, 3], False),
        ([1, 2, 3, 4] * 4, True),
        ([1, 2, 3, 4, 5] * 3, False),
        (list(range(64)), False),
        ([], False),
    ],
)
def test_a_loop_is_four_times_the_same_over_at_least_twelve_tokens(ids: list[int], looping: bool) -> None:
    assert loops(ids) is looping
