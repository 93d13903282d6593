"""The agreement of each pair of experts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from mergelab.analysis.preview.kept_sums import Figures, Tensors, share
from mergelab.analysis.preview.sketch_reader import read
from mergelab.analysis.sketch import Sketch, operating_point, pairs_of
from mergelab.recipe import Recipe

Clash = tuple[str, str, str]
"""A layer, a module and one of its tensors."""


@dataclass(frozen=True)
class Pairs:
    """The agreement of each pair of experts' kept deltas; all matrices are (n_experts, n_experts).

    `conflict` is the share with opposite signs of the entries that both keep, NaN on the diagonal and for pairs with no
    entry in common. `shared` is the number of entries that both keep. `cosines` are NaN for an expert that keeps nothing.
    """

    experts: tuple[str, ...]
    conflict: NDArray[numpy.float64]
    shared: NDArray[numpy.float64]
    cosines: NDArray[numpy.float64]


def pairs(sketch: Sketch, recipe: Recipe, tensors: Tensors | None = None) -> Pairs:
    """The pairs for a recipe, in all tensors or some; all NaN if the sketch was built for other settings."""
    return pairs_in(read(sketch, operating_point(recipe)).of(tensors), sketch.experts)


def pairs_in(figures: Figures, experts: tuple[str, ...]) -> Pairs:
    """The pairs computed from figures, over all their tensors."""
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


def clashing_cells(figures: Figures, sketch: Sketch) -> list[list[Clash | None]]:
    """For each pair of experts, the layer and module with the largest number of weights that both keep with opposite signs,
    and the tensor with most of them there, the first of several; None on the diagonal and for pairs without such a weight.
    `figures` are those of all tensors."""
    numbers = {
        cell: number for number, cell in enumerate(dict.fromkeys(zip(sketch.layers, sketch.modules, strict=True)))
    }
    cells, places = list(numbers), [numbers[cell] for cell in zip(sketch.layers, sketch.modules, strict=True)]
    by_tensor = numpy.nan_to_num(figures.opposed)
    opposed = numpy.zeros((len(cells), by_tensor.shape[1]))
    numpy.add.at(opposed, places, by_tensor)
    found: list[list[Clash | None]] = [[None] * len(sketch.experts) for _ in sketch.experts]
    for number, (i, j) in enumerate(pairs_of(len(sketch.experts))):
        if opposed[:, number].any():
            most = int(opposed[:, number].argmax())
            there = numpy.where(numpy.equal(places, most), by_tensor[:, number], -1)
            found[i][j] = found[j][i] = (*cells[most], sketch.keys[int(there.argmax())])
    return found


def _matrix(of_pairs: NDArray[numpy.float64], diagonal: object) -> NDArray[numpy.float64]:
    """A symmetric matrix from the values above its diagonal, and the diagonal."""
    found = numpy.diag(numpy.asarray(diagonal, dtype=float))
    for (i, j), value in zip(pairs_of(len(found)), of_pairs, strict=True):
        found[i, j] = found[j, i] = value
    return found
