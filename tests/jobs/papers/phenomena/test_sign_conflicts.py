"""Conflicting weights are counted among those that any expert changes."""

from __future__ import annotations

from tiny_trial import figure, tiny_trial, values

from mergelab.jobs.papers.phenomena.sign_conflicts import sign_conflicts
from mergelab.runtime.progress import finish

TRIAL = tiny_trial({"a": [3, 1, 1, 1, 0], "b": [-3, -1, 1, 0, 1], "c": [-3, 1, -1, 0, 0]}, [0.0] * 5)


def test_two_of_five_changed_weights_conflict_between_two_experts_and_three_among_three() -> None:
    told = values(finish(sign_conflicts(TRIAL)))
    assert told["2 experts, all changes (independent signs: 50.0%)"] == 0.4
    assert told["3 experts, all changes (independent signs: 75.0%)"] == 0.6


def test_of_the_largest_fifth_each_expert_keeps_its_first_change() -> None:
    found = finish(sign_conflicts(TRIAL))
    assert (figure(found, "2 experts, largest 20 % of each").value, figure(found, "growth with expert 3").value) == (
        1,
        0,
    )
    assert figure(found, "2 experts, largest 20 % of each").n == 1
    assert "no second run" in found.notes[-1]
