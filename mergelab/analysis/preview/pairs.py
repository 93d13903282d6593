"""How each two experts agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from mergelab.analysis.preview.kept_sums import Figures, Tensors, share
from mergelab.analysis.preview.sketch_reader import read
from mergelab.analysis.sketch import Sketch, operating_point, pairs_of
from mergelab.recipe import Recipe


@dataclass(frozen=True)
class Pairs:
    """How each two experts' kept deltas agree, (n_experts, n_experts) each: `conflict`, the share of the entries which both
    keep that have opposite signs, NaN for an expert with itself and where there is none; `shared`, how many both keep;
    `cosines`, NaN for an expert that keeps nothing."""

    experts: tuple[str, ...]
    conflict: NDArray[numpy.float64]
    shared: NDArray[numpy.float64]
    cosines: NDArray[numpy.float64]


def pairs(sketch: Sketch, recipe: Recipe, tensors: Tensors | None = None) -> Pairs:
    """The pairs at a recipe's place, in all tensors or some; all NaN where the sketch was made for other settings."""
    return pairs_in(read(sketch, operating_point(recipe)).of(tensors), sketch.experts)


def pairs_in(figures: Figures, experts: tuple[str, ...]) -> Pairs:
    """The pairs of the tensors that these figures are of."""
    shared, opposed, products = (each.sum(0) for each in (figures.shared, figures.opposed, figures.products))
    squares = figures.squares.sum(0)
    norms = numpy.sqrt(squares)
    cosines = share(_matrix(products, squares), numpy.outer(norms, norms))
    return Pairs(
        experts,
        _matrix(share(opposed, shared), len(experts) * [numpy.nan]),
        _matrix(shared, figures.kept.sum(0)),
        cosines,
    )


def _matrix(of_pairs: NDArray[numpy.float64], diagonal: object) -> NDArray[numpy.float64]:
    """Symmetric, from its part above the diagonal."""
    found = numpy.diag(numpy.asarray(diagonal, dtype=float))
    for (i, j), value in zip(pairs_of(len(found)), of_pairs, strict=True):
        found[i, j] = found[j, i] = value
    return found
