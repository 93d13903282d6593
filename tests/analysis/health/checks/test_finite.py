"""NaN and infinite weights are counted tensor by tensor."""

from __future__ import annotations

import math

from health_subjects import FIRST, check_of, health_of, layers

NAN = math.nan


def test_a_layer_with_nan_is_named_with_its_count() -> None:
    health = health_of("average", layers([NAN, NAN], [63.0, 84.0]))
    check = check_of(health, "finite")
    assert [finding.where for finding in check.findings] == [FIRST]
    assert check.findings[0].told == f"{FIRST} holds 2 NaN values"
    assert health.verdict.startswith(f"Unhealthy: {FIRST} holds 2 NaN values; check each expert with")


def test_infinite_weights_are_put_down_to_the_number_format() -> None:
    check = check_of(health_of("average", layers([math.inf, 1.0], [63.0, 84.0])), "finite")
    assert str(check.findings[0]) == (
        f"{FIRST} holds 1 infinite values (likely cause: values that the number format cannot hold); merge with `dtype: float32`"
    )


def test_finite_weights_are_counted() -> None:
    check = check_of(health_of("average"), "finite")
    assert (check.state, check.summary) == ("fine", "All 4 weights in 2 tensors are finite.")
