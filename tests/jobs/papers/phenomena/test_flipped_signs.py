"""Flipping part of an expert's change is a recipe."""

from __future__ import annotations

from tiny_trial import tiny_trial, values

from mergelab.jobs.papers.phenomena.flipped_signs import flipped, flipped_signs
from mergelab.jobs.papers.reproduction import verdict_of
from mergelab.runtime.progress import finish

TRIAL = tiny_trial({"a": [0.75, 0.5625, 0.5625, 0.5625, 0.5625]}, [0.5] * 5)
"""The first change is 0.25, the others are 0.0625; all are exact in float32."""


def test_the_largest_fifth_or_the_rest_changes_its_sign() -> None:
    largest, smallest = (finish(TRIAL.body(flipped(TRIAL, "a", largest)))["w"].tolist() for largest in (True, False))
    assert largest == [0.25, 0.5625, 0.5625, 0.5625, 0.5625]
    assert smallest == [0.75, 0.4375, 0.4375, 0.4375, 0.4375]


def test_the_claim_holds_where_only_the_largest_change_counts() -> None:
    found = finish(flipped_signs(TRIAL))
    told = values(found)
    assert (told["expert"], told["largest 20 % flipped"], told["smallest 80 % flipped"]) == (0.75, 0.25, 0.75)
    assert told["largest 20 % flipped, minus expert"] == -0.5
    assert verdict_of(found) in ("holds", "not separable")
