"""How large the changes of experts are, read off a sketch: histograms of all or some tensors, and shares of the small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from mergelab.sketch import SIZE_BITS, Sketch

Tensors = Sequence[int] | NDArray[numpy.int64] | NDArray[numpy.bool_]
"""Some tensors of a sketch, by their numbers or as a mask."""
SMALLEST = 2.0**-133
"""Magnitudes below count as 0."""
SEEN_IN_MODEL, SEEN_IN_TENSOR = 1e-4, 1e-2
"""Charts span the sizes that this share of an expert's changed entries has, in the model or in any tensor."""
SMALL = 0.002
"""The size below which DARE's authors found that nearly all deltas may be dropped."""


@dataclass(frozen=True)
class Histogram:
    """Magnitudes of each expert's deltas.

    `edges` (bins + 1) are log10 |delta|; `shares` are shares of the entries of tensors that any expert changed, per decade:
    (n_experts, bins), or (n_experts, 2, bins) for positive and negative deltas apart. `zero` (n_experts,) is the share of
    those entries that are 0. All are 0 where no tensor was changed.
    """

    edges: NDArray[numpy.float64]
    shares: NDArray[numpy.float64]
    zero: NDArray[numpy.float64]


def size_edges(sketch: Sketch) -> NDArray[numpy.float64]:
    """The width + 1 edges of a sketch's sizes, rising: |delta| of size i is from edge i on and below the next one."""
    numbers = numpy.arange(sketch.sizes.shape[-1] + 1, dtype=numpy.uint32) + numpy.uint32(sketch.first_size)
    edges = (numbers << SIZE_BITS).view(numpy.float32).astype(numpy.float64)
    return numpy.maximum(edges, SMALLEST)


def histogram(sketch: Sketch, tensors: Tensors | None = None, signs: bool = False) -> Histogram:
    """The magnitudes in all tensors or some, with `signs` of positive and negative deltas apart; the edges are the same
    whatever is asked for."""
    low, high = _span(sketch)
    edges = numpy.log10(size_edges(sketch)[low : high + 1])
    counts, entries = _counts(sketch, tensors)
    cut = counts[..., low:high] if signs else counts.sum(1)[:, low:high]
    zero = (entries - counts.sum((1, 2))) / max(entries, 1)
    return Histogram(edges, cut / max(entries, 1) / numpy.diff(edges), zero)


def share_below(sketch: Sketch, size: float = SMALL, tensors: Tensors | None = None) -> NDArray[numpy.float64]:
    """(n_experts,): the share of the entries of changed tensors, of all or some, with |delta| < `size`, zeros among them;
    NaN where none was changed.

    Exact at the edges of sizes, linear between them: there the error is at most the share of that one size.
    """
    counts, entries = _counts(sketch, tensors)
    if not entries:
        return numpy.full(len(sketch.experts), numpy.nan)
    rising = numpy.concatenate([numpy.zeros((len(counts), 1)), counts.sum(1).cumsum(1)], 1)
    edges = size_edges(sketch)
    below = numpy.array([numpy.interp(size, edges, row) for row in rising])
    shares: NDArray[numpy.float64] = (entries - rising[:, -1] + below) / entries
    return shares if size > 0 else numpy.zeros(len(counts))


def _counts(sketch: Sketch, tensors: Tensors | None) -> tuple[NDArray[numpy.int64], int]:
    """(n_experts, 2, width) over tensors, and the entries of those among them that any expert changed."""
    chosen = slice(None) if tensors is None else numpy.asarray(tensors)
    sizes = sketch.sizes[chosen]
    changed = sizes.any((1, 2, 3))
    return sizes.sum(0, dtype=numpy.int64), int(sketch.entries[chosen][changed].sum())


def _span(sketch: Sketch) -> tuple[int, int]:
    """The first size of a chart and the one after its last."""
    by_tensor = sketch.sizes.sum(2)
    in_model = by_tensor.sum(0) / max(_counts(sketch, None)[1], 1)
    in_tensor = (by_tensor / numpy.maximum(sketch.entries, 1)[:, None, None]).max(0, initial=0)
    lit = numpy.flatnonzero((in_model > SEEN_IN_MODEL).any(0) | (in_tensor > SEEN_IN_TENSOR).any(0))
    return (int(lit[0]), int(lit[-1]) + 1) if len(lit) else (0, 1)
