"""Rank correlations of what a model says with gold scores."""

from __future__ import annotations

import math

import numpy
from numpy.typing import NDArray

from mergelab.evaluation.scores.bootstrap import Weights, around, resampled
from mergelab.evaluation.scores.interval import Estimate, Z
from mergelab.evaluation.scores.metrics import Marks, Metric

Floats = NDArray[numpy.float64]


class Spearman(Metric):
    """Spearman's correlation of a row's first mark, which the model gave, with its second, the gold score.

    Equal values share the mean of their ranks. The interval is symmetric in Fisher's z = atanh(r) with the standard error
    √((1 + r²/2) / (n − 3)) of Bonett & Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations", Psychometrika 65, 2000. A difference resamples rows. If one side has a single value, nothing is ordered:
    the correlation is 0, and so is that of a sample in which that happens.
    """

    def estimate(self, marks: Marks, z: float = Z) -> Estimate:
        value, n = float(_spearman(numpy.ones((1, len(marks))), marks)[0]), len(marks)
        if n < 4 or len(numpy.unique(marks[:, 0])) < 2 or len(numpy.unique(marks[:, 1])) < 2:
            return Estimate(value, -1.0, 1.0)
        middle = math.atanh(max(-1 + 1e-15, min(1 - 1e-15, value)))
        half = z * math.sqrt((1 + value * value / 2) / (n - 3))
        return Estimate(value, min(math.tanh(middle - half), value), max(math.tanh(middle + half), value))

    def difference(self, first: Marks, second: Marks, z: float = Z) -> Estimate:
        def of(weights: Weights) -> Floats:
            return _spearman(weights, second) - _spearman(weights, first)

        value = float(of(numpy.ones((1, len(first))))[0])
        return around(value, resampled(len(first), of), z)


Spearman("Spearman correlation")


def _spearman(weights: Weights, marks: Marks) -> Floats:
    """The correlation of ranks in each sample, in which every row occurs as often as `weights` (samples, rows) say."""
    first, second = ranks(weights, marks[:, 0]), ranks(weights, marks[:, 1])
    middle = (weights.sum(1, keepdims=True) + 1) / 2  # the mean of all ranks, whatever the ties
    first, second = first - middle, second - middle
    both = (weights * first * second).sum(1)
    spread = numpy.sqrt((weights * first**2).sum(1) * (weights * second**2).sum(1))
    found: Floats = numpy.divide(both, spread, out=numpy.zeros_like(both), where=spread > 0)
    return found


def ranks(weights: Weights, values: Floats) -> Floats:
    """The ranks of `values` (rows,) from 1 in each sample, (samples, rows); equal values share the mean of their ranks."""
    _, place, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    begins = numpy.concatenate([[0], numpy.cumsum(counts)[:-1]])
    in_order = weights[:, numpy.argsort(place, kind="stable")]
    tied = numpy.add.reduceat(in_order, begins, axis=1)
    shared = numpy.cumsum(tied, axis=1) - tied + (tied + 1) / 2
    found: Floats = shared[:, place]
    return found
