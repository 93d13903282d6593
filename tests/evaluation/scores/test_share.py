"""Shares of rows: published intervals, the plain formula, and a bootstrap of the same rows."""

from __future__ import annotations

import math

import numpy
import pytest

from mergelab.evaluation.scores.interval import Estimate
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.share import PairedCounts, newcombe, wilson


def is_clear(found: Estimate) -> bool:
    return not found.low <= 0 <= found.high


def test_wilsons_interval_by_hand() -> None:
    low, high = wilson(8, 10, z=2.0)  # centre (.8 + .2) / 1.4, half width 2 / 1.4 · sqrt(.016 + .01)
    assert low == pytest.approx(1 / 1.4 - 2 / 1.4 * math.sqrt(0.026))
    assert high == pytest.approx(1 / 1.4 + 2 / 1.4 * math.sqrt(0.026))
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I


def test_wilsons_interval_has_width_at_its_ends() -> None:
    assert wilson(0, 20)[0] == 0.0 and 0.1 < wilson(0, 20)[1] < 0.2
    assert wilson(20, 20)[1] == 1.0
    with pytest.raises(ValueError, match="right=3, n=2"):
        wilson(3, 2)


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
    assert is_clear(found)


def test_without_correlation_the_interval_is_that_of_independent_samples() -> None:
    found = newcombe(PairedCounts(25, 25, 25, 25))  # both x neither = first x second
    low, high = wilson(50, 100)
    assert found.value == 0
    assert (found.low, found.high) == pytest.approx(
        (-math.hypot(0.5 - low, high - 0.5), math.hypot(high - 0.5, 0.5 - low))
    )


def test_models_that_mostly_agree_are_told_apart_where_separate_intervals_overlap() -> None:
    found = newcombe(PairedCounts(both=160, second=8, first=0, neither=32))
    assert found.value == pytest.approx(0.04) and is_clear(found)
    assert wilson(160, 200)[1] > wilson(168, 200)[0]  # 80 % and 84 % of 200 overlap widely


def test_equal_answers_have_no_clear_difference_and_an_interval_of_some_width() -> None:
    same = newcombe(PairedCounts(80, 0, 0, 20))
    assert same.value == 0 and same.low < 0 < same.high and not is_clear(same)
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


def test_the_marks_of_rows_become_counts() -> None:
    first, second = (numpy.array([marks]).T * 1.0 for marks in ([1, 1, 0, 0, 1], [1, 0, 1, 1, 1]))
    accuracy = find_metric("accuracy")
    assert accuracy.estimate(first) == Estimate(0.6, *wilson(3, 5))
    assert accuracy.difference(first, second) == newcombe(PairedCounts(both=2, second=2, first=1, neither=0))
