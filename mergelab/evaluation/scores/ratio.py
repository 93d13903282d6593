"""Likelihoods per unit of text: bits per byte, and perplexity per token."""

from __future__ import annotations

import math

import numpy

from mergelab.evaluation.scores.bootstrap import Weights, around, resampled
from mergelab.evaluation.scores.interval import Estimate, Z
from mergelab.evaluation.scores.metrics import Marks, Metric


class BitsPerByte(Metric):
    """The negative log-likelihood of all texts, in bits, per byte of UTF-8; lower is better.

    The marks of a row are its negative log-likelihood in nats and its number of bytes. Long texts count for more: it is the
    ratio of two sums. The interval resamples rows.
    """

    higher_is_better = False

    def estimate(self, marks: Marks, z: float = Z) -> Estimate:
        value = float(marks[:, 0].sum() / marks[:, 1].sum() / math.log(2))
        return around(value, resampled(len(marks), lambda weights: _ratios(weights, marks)), z)

    def difference(self, first: Marks, second: Marks, z: float = Z) -> Estimate:
        def of(weights: Weights) -> numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]:
            return _ratios(weights, second) - _ratios(weights, first)

        value = float(of(numpy.ones((1, len(first))))[0])
        return around(value, resampled(len(first), of), z)


BitsPerByte("bits per byte")


def _ratios(weights: Weights, marks: Marks) -> numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]:
    nats, units = weights @ marks[:, 0], weights @ marks[:, 1]
    found: numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]] = nats / units / math.log(2)
    return found
