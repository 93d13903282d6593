"""Paired differences: published intervals, the plain formula, and a bootstrap of the same rows."""

from __future__ import annotations

import math

import numpy
import pytest
import torch

from mergelab.evaluation.answers import Answers
from mergelab.evaluation.evaluate import Score, accuracy, wilson
from mergelab.evaluation.paired import PairedCounts, PairedDifference, mean_difference, newcombe, paired_difference
from mergelab.evaluation.tasks.rows import Rows


def answered(*right: int, task: str = "a", first_row: str = "row 0") -> Score:
    rows = Rows((first_row, *(f"row {place}" for place in range(1, len(right)))), torch.zeros(len(right)).long())
    return accuracy(task, "validation", Answers.of(rows, torch.tensor(right).bool()))


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        (PairedCounts(36, 12, 2, 0), (0.2, 0.0569, 0.3404)),  # Newcombe 1998, table II, method 10
        (PairedCounts(1, 1, 7, 12), (-6 / 21, -0.507, -0.026)),  # Fagerland, Lydersen and Laake 2014, table VI
    ],
)
def test_published_intervals(counts: PairedCounts, known: tuple[float, float, float]) -> None:
    found = newcombe(counts)
    assert (found.value, found.low, found.high) == pytest.approx(known, abs=5e-4)
    assert found.is_clear


def test_without_correlation_the_interval_is_that_of_independent_samples() -> None:
    found = newcombe(PairedCounts(25, 25, 25, 25))  # both x neither = first x second
    low, high = wilson(50, 100)
    assert found.value == 0
    assert (found.low, found.high) == pytest.approx(
        (-math.hypot(0.5 - low, high - 0.5), math.hypot(high - 0.5, 0.5 - low))
    )


def test_models_that_mostly_agree_are_told_apart_where_separate_intervals_overlap() -> None:
    found = newcombe(PairedCounts(both=160, second=8, first=0, neither=32))
    assert found.value == pytest.approx(0.04) and found.is_clear
    assert wilson(160, 200)[1] > wilson(168, 200)[0]  # 80 % and 84 % of 200 overlap widely


def test_equal_answers_have_no_clear_difference_and_an_interval_of_some_width() -> None:
    same = newcombe(PairedCounts(80, 0, 0, 20))
    assert same.value == 0 and same.low < 0 < same.high and not same.is_clear
    every = newcombe(PairedCounts(10, 0, 0, 0))
    assert every.low < 0 < every.high


def test_swapping_the_models_mirrors_the_interval() -> None:
    found, mirrored = newcombe(PairedCounts(50, 20, 5, 25)), newcombe(PairedCounts(50, 5, 20, 25))
    assert (mirrored.value, mirrored.low, mirrored.high) == pytest.approx((-found.value, -found.high, -found.low))


def test_the_interval_is_close_to_a_bootstrap_of_the_same_rows() -> None:
    counts, random = PairedCounts(140, 30, 12, 18), numpy.random.default_rng(0)
    drawn = random.multinomial(counts.n, numpy.array([140, 30, 12, 18]) / counts.n, size=20_000)
    low, high = numpy.quantile((drawn[:, 1] - drawn[:, 2]) / counts.n, [0.025, 0.975])
    found = newcombe(counts)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


def test_answers_are_paired_row_by_row() -> None:
    found = paired_difference(answered(1, 1, 0, 0, 1), answered(1, 0, 1, 1, 1))
    assert found == newcombe(PairedCounts(both=2, second=2, first=1, neither=0))


def test_other_rows_another_task_or_unknown_answers_give_no_difference() -> None:
    one = answered(1, 0, 1)
    assert paired_difference(one, answered(1, 0, 1, first_row="another")) is None
    assert paired_difference(one, answered(1, 0, 1, 1)) is None
    assert paired_difference(one, answered(1, 0, 1, task="b")) is None
    assert paired_difference(one, Score("a", "validation", "accuracy", 0.5, 3, 0.2, 0.8)) is None


def test_the_mean_over_tasks_halves_the_width_of_four_alike() -> None:
    one = PairedDifference(0.1, 0.05, 0.17, 100)
    found = mean_difference([one] * 4)
    assert (found.value, found.low, found.high, found.n) == (
        pytest.approx(0.1),
        pytest.approx(0.075),
        pytest.approx(0.135),
        400,
    )
    with pytest.raises(ValueError, match="at least one difference"):
        mean_difference([])
