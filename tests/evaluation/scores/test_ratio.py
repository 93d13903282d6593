"""Bits per byte by hand, and its interval against the known spread of a mean."""

from __future__ import annotations

import math

import numpy
import pytest

from mergelab.evaluation.scores.metrics import find_metric

BITS = find_metric("bits per byte")


def test_bits_per_byte_is_the_ratio_of_two_sums() -> None:
    marks = numpy.array([[4 * math.log(2), 1.0], [2 * math.log(2), 5.0]])
    assert BITS.estimate(marks).value == pytest.approx(1.0)  # 6 bits in 6 bytes; the mean of ratios would be 2.2
    assert not BITS.higher_is_better


def test_for_texts_of_one_length_the_interval_is_that_of_a_mean() -> None:
    random = numpy.random.default_rng(1)
    marks = numpy.stack([random.normal(10, 2, 400) * math.log(2), numpy.full(400, 5.0)], 1)
    found = BITS.estimate(marks)
    half = 1.96 * marks[:, 0].std() / math.log(2) / 5 / 20
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_a_paired_difference_knows_that_both_read_the_same_texts() -> None:
    random = numpy.random.default_rng(2)
    texts = random.normal(100, 40, 200)
    first = numpy.stack([texts, numpy.full(200, 50.0)], 1)
    second = first + numpy.array([math.log(2), 0.0])
    found = BITS.difference(first, second)
    assert (found.value, found.low, found.high) == pytest.approx((0.02, 0.02, 0.02))
    assert BITS.difference(second, first).value == pytest.approx(-0.02)


def test_one_text_has_no_interval_to_speak_of() -> None:
    found = BITS.estimate(numpy.array([[1.0, 2.0]]))
    assert found.low == -math.inf and found.high == math.inf


def test_perplexity_per_token_is_the_exponential_of_the_mean() -> None:
    marks = numpy.array([[3 * math.log(2), 1.0], [3 * math.log(2), 5.0]])
    found = find_metric("perplexity per token")
    assert found.estimate(marks).value == pytest.approx(2.0)  # 6 ln 2 nats for 6 tokens
    assert found.difference(marks, marks * [2, 1]).value == pytest.approx(2.0)
    assert not found.higher_is_better
