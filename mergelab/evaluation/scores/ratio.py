"""Likelihoods per unit of text: bits per byte, and perplexity per token."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy
from numpy.typing import NDArray

from mergelab.evaluation.scores.bootstrap import Weights, around, resampled
from mergelab.evaluation.scores.interval import Estimate, Z
from mergelab.evaluation.scores.metrics import Marks, Metric

Values = NDArray[numpy.float64]


class LikelihoodPerUnit(Metric):
    """The negative log-likelihood of all texts per unit of text; lower is better.

    The marks of a row are its negative log-likelihood in nats and its number of units. Long texts count for more: it is a
    ratio of two sums, `scale` of nats per unit. Intervals resample rows.
    """

    higher_is_better = False

    def __init__(self, name: str, scale: Callable[[Values], Values], smallest_effect: float) -> None:
        super().__init__(name)
        self._scale, self.smallest_effect = scale, smallest_effect

    def estimate(self, marks: Marks, z: float = Z) -> Estimate:
        value = float(self._of(numpy.ones((1, len(marks))), marks)[0])
        return around(value, resampled(len(marks), lambda weights: self._of(weights, marks)), z)

    def difference(self, first: Marks, second: Marks, z: float = Z) -> Estimate:
        def of(weights: Weights) -> Values:
            return self._of(weights, second) - self._of(weights, first)

        value = float(of(numpy.ones((1, len(first))))[0])
        return around(value, resampled(len(first), of), z)

    def _of(self, weights: Weights, marks: Marks) -> Values:
        """The figure of each sample, in which every row occurs as often as `weights` (samples, rows) say."""
        return self._scale((weights @ marks[:, 0]) / (weights @ marks[:, 1]))


LikelihoodPerUnit("bits per byte", lambda nats: nats / math.log(2), smallest_effect=0.01)
LikelihoodPerUnit("perplexity per token", numpy.exp, smallest_effect=0.1)
