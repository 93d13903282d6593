from __future__ import annotations

from typing import Any

import pytest

from mergelab.sweeps import SweepError
from mergelab.sweeps.dimension import Dimension, Listed, Span, read_dimension


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ([0.1, 0.2], Listed("x", (0.1, 0.2))),
        (["ties", "none"], Listed("x", ("ties", "none"))),
        ("0:1", Span("x", 0.0, 1.0)),
        ("0.05:1:0.05", Span("x", 0.05, 1, 0.05)),
        ("-1:1:1", Span("x", -1.0, 1.0, 1.0)),
        ("0.01:1:log", Span("x", 0.01, 1, 0, True)),
        ({"from": 1, "to": 2, "step": 0.5}, Span("x", 1, 2, 0.5)),
        ("suggested", Span("x", 0.0, 2.0, 0.05)),
    ],
)
def test_values_are_read_from_lists_ranges_and_mappings(given: object, read: Dimension) -> None:
    found = read_dimension("x", given, Span("x", 0.0, 2.0, 0.05))
    assert found == read and not (isinstance(found, Span) and found.is_whole)


def test_a_setting_that_takes_whole_numbers_gets_them() -> None:
    found = read_dimension("x", "1:9:2", Span("x", 0, 100, 1))
    assert found == Span("x", 1, 9, 2) and isinstance(found, Span) and found.is_whole


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "a list of different numbers or names"),
        ([1, 1], "different"),
        ([True], "numbers or names"),
        ("1:0", "runs upwards"),
        ("0:1:2", "steps that fit"),
        ("0:1:log", "begins above 0"),
        ("a:b", "'a' is no number"),
        ("1", "takes a range"),
        ({"from": 0}, "takes a list, a range"),
        ({"from": 0, "to": float("inf")}, "are numbers"),
        (3, "takes a list, a range"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_rule(given: object, told: str) -> None:
    with pytest.raises(SweepError, match=told):
        read_dimension("x", given)


def test_a_setting_without_a_range_of_its_own_needs_one() -> None:
    with pytest.raises(SweepError, match="x has no range of its own"):
        read_dimension("x", "suggested")


class Third:
    """A trial that takes the third step."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        return low + 2 * (step or 0)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return low + 2 * step

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return choices[2]


def test_steps_give_the_numbers_that_people_write() -> None:
    assert Span("x", 0.05, 1.0, 0.05).suggest(Third()) == 0.15
    assert Span("x", 1, 9, 2).suggest(Third()) == 5
    assert Listed("x", (1, 2, "c")).suggest(Third()) == "c"
