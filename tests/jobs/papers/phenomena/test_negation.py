"""Subtracting an expert's change."""

from __future__ import annotations

from tiny_trial import specialists, tiny_trial, values

from mergelab.jobs.papers.phenomena.negation import negation
from mergelab.runtime.progress import finish


def test_experts_that_do_not_disturb_others_are_subtracted_whole() -> None:
    found = finish(negation(specialists(3)))
    told = values(found)
    assert told["targets, forgotten (scales a 1.0, b 1.0, c 1.0)"] == 0.1  # 0.5 − 0.4
    assert (told["targets, base"], told["controls, after forgetting"]) == (0.5, 0.5)
    assert told["targets: forgotten minus base"] == -0.4
    assert found.recipe and found.recipe["method"]["scale"] == -1.0


def test_the_scale_is_smaller_where_a_control_would_lose_too_much() -> None:
    """Whole, a takes b from 0.5 to 0.46, below 95 % of 0.5; half of it to 0.48, which is 96 %."""
    trial = tiny_trial({"a": [0.9, 0.54], "b": [0.5, 0.9]}, [0.5, 0.5])
    assert "targets, forgotten (scales a 0.5, b 1.0)" in values(finish(negation(trial)))
