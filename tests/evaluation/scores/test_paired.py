"""Paired differences of scores."""

from __future__ import annotations

import pytest
import torch

from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.evaluation.scores.looks import z_at
from mergelab.evaluation.scores.paired import PairedDifference, mean_difference, paired_difference
from mergelab.evaluation.scores.share import PairedCounts, newcombe


def answered(*right: int, task: str = "a", first: str = "row 0", asked: int | None = None) -> Score:
    rows = Rows((first, *(f"row {place}" for place in range(1, len(right)))), torch.zeros(len(right)).long())
    return score(task, "validation", "accuracy", Answers.of(rows, [Answer((float(mark),)) for mark in right]), asked)


def test_answers_are_paired_row_by_row() -> None:
    found = paired_difference(answered(1, 1, 0, 0, 1), answered(1, 0, 1, 1, 1))
    wanted = newcombe(PairedCounts(both=2, second=2, first=1, neither=0))
    assert found == PairedDifference(wanted.value, wanted.low, wanted.high, 5, "accuracy")


def test_other_rows_another_task_or_unknown_answers_give_no_difference() -> None:
    one = answered(1, 0, 1)
    assert paired_difference(one, answered(1, 0, 1, first="another")) is None
    assert paired_difference(one, answered(1, 0, 1, task="b")) is None
    assert paired_difference(one, Score("a", "validation", "accuracy", 0.5, 3, 0.2, 0.8)) is None


def test_the_mean_over_tasks_halves_the_width_of_four_alike() -> None:
    one = PairedDifference(0.1, 0.05, 0.17, 100, "accuracy")
    found = mean_difference([one] * 4)
    assert (found.value, found.low, found.high, found.n) == (
        pytest.approx(0.1),
        pytest.approx(0.075),
        pytest.approx(0.135),
        400,
    )
    with pytest.raises(ValueError, match="at least one difference"):
        mean_difference([])


def test_a_difference_counts_the_rows_that_both_have_answered() -> None:
    rows = Rows(tuple(map(str, range(6))), torch.zeros(6).long())
    one, other = (
        score("a", "test", "accuracy", Answers.of(rows, [Answer((float(mark),)) for mark in marks]), 6)
        for marks in ([1, 0, 0], [1, 1, 0, 0, 0, 0])
    )
    found = paired_difference(one, other)
    wanted = newcombe(PairedCounts(both=1, second=1, first=0, neither=1), z_at(3, 6))
    assert found == PairedDifference(wanted.value, wanted.low, wanted.high, 3, "accuracy")


@pytest.mark.parametrize(
    ("metric", "low", "high", "words"),
    [
        ("accuracy", 0.004, 0.03, "better"),
        ("accuracy", -0.03, -0.004, "worse"),
        ("accuracy", -0.004, 0.03, "not separable with 1,200 examples"),
        ("accuracy", 0.002, 0.009, "no difference worth a name"),  # clear, but less than a point
        ("bits per byte", -0.05, -0.02, "better"),  # lower is better
        ("bits per byte", -0.009, 0.01, "no difference worth a name"),
        ("Spearman correlation", -0.04, -0.02, "worse"),
        ("accuracy/exact match", 0.02, 0.04, "better"),  # a mean over tasks
    ],
)
def test_a_difference_is_told_by_its_interval_and_the_smallest_effect(
    metric: str, low: float, high: float, words: str
) -> None:
    found = PairedDifference((low + high) / 2, low, high, 1200, metric)
    assert (found.words, found.is_clear) == (words, words in ("better", "worse"))
