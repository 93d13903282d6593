"""Spearman's correlation by hand, its interval by the formula, and differences against many samples."""

from __future__ import annotations

import math

import numpy
import pytest

from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.rank_correlation import ranks

SPEARMAN = find_metric("Spearman correlation")


def marks(*pairs: tuple[float, float]) -> numpy.ndarray:
    return numpy.array(pairs, dtype=float)


def test_only_the_order_counts() -> None:
    assert SPEARMAN.estimate(marks((0.1, 1), (0.2, 10), (0.9, 100), (0.95, 101))).value == pytest.approx(1)
    assert SPEARMAN.estimate(marks((4, 1), (3, 2), (2, 3), (1, 4))).value == pytest.approx(-1)
    assert SPEARMAN.estimate(marks((1, 1), (2, 3), (3, 2))).value == pytest.approx(0.5)  # 1 − 6 · 2 / (3 · 8)


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    values = numpy.array([3.0, 1.0, 3.0, 2.0])
    assert ranks(numpy.ones((1, 4)), values).tolist() == [[3.5, 1, 3.5, 2]]
    twice = ranks(numpy.array([[1.0, 2.0, 0.0, 1.0]]), values)  # the second row occurs twice, the third not at all
    assert twice[0, [0, 1, 3]].tolist() == [4, 1.5, 3]


def test_the_interval_is_bonett_and_wrights() -> None:
    random = numpy.random.default_rng(0)
    gold = random.normal(size=50)
    found = SPEARMAN.estimate(numpy.stack([gold + random.normal(size=50), gold], 1))
    half = 1.959963984540054 * math.sqrt((1 + found.value**2 / 2) / 47)
    assert math.atanh(found.high) - math.atanh(found.value) == pytest.approx(half)
    assert math.atanh(found.value) - math.atanh(found.low) == pytest.approx(half)


def test_without_an_order_or_with_few_rows_every_correlation_is_possible() -> None:
    for few in (marks((1, 2)), marks((1, 1), (2, 2), (3, 3)), marks((1, 1), (1, 2), (1, 3), (1, 4))):
        found = SPEARMAN.estimate(few)
        assert (found.low, found.high) == (-1, 1)
    assert SPEARMAN.estimate(marks((1, 1), (1, 2), (1, 3), (1, 4))).value == 0


def test_a_difference_is_paired() -> None:
    random = numpy.random.default_rng(1)
    gold = random.normal(size=300)
    first = numpy.stack([gold + random.normal(size=300), gold], 1)
    near = first + numpy.stack([random.normal(size=300) * 0.05, numpy.zeros(300)], 1)
    found = SPEARMAN.difference(first, near)
    assert found.low < 0 < found.high and found.high - found.low < 0.02
    worse = SPEARMAN.difference(first, numpy.stack([random.normal(size=300), gold], 1))
    assert worse.high < 0 and worse.value == pytest.approx(-SPEARMAN.estimate(first).value, abs=0.15)
    assert SPEARMAN.difference(first, first).value == 0
