"""Cosines between experts' changes."""

from __future__ import annotations

import pytest
from tiny_trial import figure, tiny_trial, values

from mergelab.jobs.papers.phenomena.task_similarity import task_similarity
from mergelab.jobs.papers.reproduction import PaperVerdict, verdict_of
from mergelab.runtime.progress import finish

CHANGES = {"mnist": [0.0, 0.0, 2.0], "upper": [1.0, 1.0, 0.0], "lower": [3.0, 0.0, 0.0]}


def test_related_letters_have_a_cosine_of_half_a_right_angle_and_digits_none() -> None:
    found = finish(task_similarity(tiny_trial(CHANGES, [0.0] * 3, "pixels")))
    told = values(found)
    assert told["upper and lower"] == pytest.approx(0.7071)
    assert told["mnist and upper"] == told["largest |cosine| of unrelated tasks"] == 0
    assert verdict_of(found) is PaperVerdict.HOLDS


def test_a_suite_without_related_tasks_asks_unrelated_ones_alone() -> None:
    found = finish(task_similarity(tiny_trial(CHANGES, [0.0] * 3)))
    largest = figure(found, "largest |cosine| of unrelated tasks")
    assert (round(largest.value, 4), largest.verdict) == (0.7071, PaperVerdict.FAILS)
    assert "No two tasks of this suite are of one kind" in found.notes[-1]
