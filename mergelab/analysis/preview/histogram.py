"""The magnitude histogram of the experts' deltas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from mergelab.analysis.sketch import Sketch

EDGES = (numpy.arange(0x7F9, dtype=numpy.uint32) << 20).view(numpy.float32).astype(numpy.float64)
"""Lower edges of a sketch's magnitude bins, from 0 to infinity."""


@dataclass(frozen=True)
class Histogram:
    """Histograms of the magnitudes of each expert's deltas.

    `edges` (bins + 1,) are log10 |delta|. `shares` (n_experts, bins) are shares of the entries per decade. `zero`
    (n_experts,) is the share of entries that are exactly 0. Only tensors that an expert changed count.
    """

    edges: NDArray[numpy.float64]
    shares: NDArray[numpy.float64]
    zero: NDArray[numpy.float64]


def histogram(sketch: Sketch) -> Histogram:
    """The magnitude histograms, limited to the bins between the smallest and the largest with 1 in 10,000 entries."""
    shares = sketch.magnitudes / max(sketch.changed, 1)
    lit = numpy.flatnonzero(shares[:, 1:].max(0) > 1e-4) + 1
    low, high = (int(lit.min()), int(lit.max()) + 1) if len(lit) else (1, 2)
    edges = numpy.log10(EDGES[low : high + 1])
    return Histogram(edges, shares[:, low:high] / numpy.diff(edges), shares[:, 0])
