"""The magnitude histogram of the experts' deltas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from mergelab.analysis.preview.kept_sums import Tensors
from mergelab.analysis.sketch import SIZE_BITS, Sketch

EDGES = (numpy.arange(0x7F9, dtype=numpy.uint32) << 20).view(numpy.float32).astype(numpy.float64)
"""Lower edges of a sketch's magnitude bins, from 0 to infinity."""


@dataclass(frozen=True)
class Histogram:
    """Histograms of the magnitudes of each expert's deltas.

    `edges` (bins + 1,) are log10 |delta|. `shares` (n_experts, bins) are shares of the weights per decade. `zero`
    (n_experts,) is the share of weights that do not change. Only tensors that an expert changed count. `span` holds the ends
    of the whole model's edges, so that the histograms of its parts can be drawn on one axis.
    """

    edges: NDArray[numpy.float64]
    shares: NDArray[numpy.float64]
    zero: NDArray[numpy.float64]
    span: tuple[float, float]


def histogram(sketch: Sketch, tensors: Tensors | None = None) -> Histogram:
    """The histograms of all tensors, or of some in bins twice as wide, from the smallest bin with 1 in 10,000 weights to the
    largest."""
    shares = sketch.magnitudes / max(sketch.changed, 1)
    low, high = _lit(shares[:, 1:])
    whole = numpy.log10(EDGES[low + 1 : high + 2])
    span = float(whole[0]), float(whole[-1])
    if tensors is not None:
        return _of_part(sketch, numpy.asarray(tensors), span)
    return Histogram(whole, shares[:, low + 1 : high + 1] / numpy.diff(whole), shares[:, 0], span)


def _of_part(sketch: Sketch, tensors: NDArray[numpy.int64], span: tuple[float, float]) -> Histogram:
    """From the sizes of each tensor, four per octave."""
    counts = sketch.sizes[tensors].sum(2)
    entries = max(int(sketch.entries[tensors][counts.any((1, 2))].sum()), 1)
    shares = counts.sum(0) / entries
    low, high = _lit(shares)
    bits = numpy.arange(low, high + 1, dtype=numpy.uint32) + sketch.first_size << SIZE_BITS
    edges = numpy.log10(bits.astype(numpy.uint32).view(numpy.float32).astype(numpy.float64))
    return Histogram(edges, shares[:, low:high] / numpy.diff(edges), 1 - shares.sum(1), span)


def _lit(shares: NDArray[numpy.float64]) -> tuple[int, int]:
    """The first bin with 1 in 10,000 weights of an expert, and the end of the last one."""
    lit = numpy.flatnonzero(shares.max(0) > 1e-4)
    return (int(lit.min()), int(lit.max()) + 1) if len(lit) else (0, 1)
