"""Every figure at every density."""

from __future__ import annotations

import numpy
import pandas
from numpy.typing import NDArray

from mergelab.analysis.preview.kept_sums import Tensors, over_experts, share
from mergelab.analysis.preview.sketch_reader import curves_at
from mergelab.analysis.sketch import GRID, Curve, OperatingPoint, Sketch, operating_point, pairs_of
from mergelab.recipe import Recipe

LINEAR = ("task_arithmetic", "average")
"""Methods whose merged delta is a weighted sum of the kept ones."""
SUMMED = (
    "conflicting",
    "overlapping",
    "active",
    "net",
    "norms_l1",
    "energy",
    "merged_square",
    "cross",
    "reach",
    "products",
)


def curves(sketch: Sketch, recipe: Recipe, tensors: Tensors | None = None) -> pandas.DataFrame:
    """What a sketch tells at every place of its grid, of all tensors or some, which are given by their numbers or a mask.

    `place`: the density, or for consensus what stands for its threshold; for curves of survivors there is one row, that of
    the settings. `conflict`: share of overlapping entries; `conflict_of_all`; `cancellation`: 1 - Σ|Σd| / Σ|d|; `union`: share
    of entries that any expert keeps; `retained`: share of the squared norms, mean over experts; `norm` of the merged delta,
    before its scale, and its cosine with each expert's whole delta, `cosine EXPERT`. Task arithmetic and average merge to the weighted sum
    and mean of what is kept, any other method counts as TIES does, with equal weights. Shares of nothing are NaN.
    """
    cut, chosen = operating_point(recipe), slice(None) if tensors is None else numpy.asarray(tensors)
    found = curves_at(sketch, cut)
    places = _places(cut)
    sums = {name: _along(getattr(found, name)[chosen], places) for name in SUMMED}
    energy = sums["energy"]
    squares, cross = _merged(sums, recipe)
    whole = numpy.sqrt(_along(found.mass[chosen], numpy.array([1.0])))
    cosines = share(cross, numpy.sqrt(numpy.maximum(squares, 0)) * whole)
    entries = sketch.entries[chosen].sum()
    return pandas.DataFrame(
        {
            "place": places,
            "conflict": share(sums["conflicting"], sums["overlapping"]),
            "conflict_of_all": share(sums["conflicting"], entries),
            "cancellation": 1 - share(sums["net"], over_experts(sums["norms_l1"], 0)),
            "union": share(sums["active"], entries),
            "retained": over_experts(share(energy, _along(found.energy[chosen], numpy.array([1.0]))), 0) / len(energy),
            "norm": numpy.sqrt(numpy.maximum(squares, 0)),
            **{f"cosine {name}": row for name, row in zip(sketch.experts, cosines, strict=True)},
        }
    )


def _places(cut: OperatingPoint) -> NDArray[numpy.float64]:
    """The grid's places, or the only one that survivors have."""
    return numpy.array([cut.place]) if cut.by == "survivors" else (numpy.arange(GRID + 1) / GRID) ** 2


def _along(curve: Curve, places: NDArray[numpy.float64]) -> NDArray[numpy.float64]:
    """A curve of some tensors, summed over them, at each of `places`; linear between grid points."""
    summed = curve.sum(0, dtype=numpy.float64)
    bins = GRID * numpy.sqrt(places)
    low = numpy.minimum(bins.astype(int), GRID - 1)
    found: NDArray[numpy.float64] = summed[..., low] * (1 - (bins - low)) + summed[..., low + 1] * (bins - low)
    return found


def _merged(
    sums: dict[str, NDArray[numpy.float64]], recipe: Recipe
) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64]]:
    """The squared norm of the merged delta at each place, and its products with each expert's delta."""
    if recipe.method.name not in LINEAR:
        return sums["merged_square"], sums["cross"]
    weights = numpy.array([expert.weight for expert in recipe.models])
    if recipe.method.name == "average":
        whole = over_experts(weights, 0)
        weights = weights / whole if whole else numpy.full(len(weights), 1 / len(weights))
    reach = sums["reach"]
    own = [weights[i] ** 2 * reach[i, i] for i in range(len(weights))]
    shared = [2 * (weights[i] * weights[j]) * sums["products"][at] for at, (i, j) in enumerate(pairs_of(len(weights)))]
    return over_experts(numpy.stack(own + shared), 0), over_experts(weights[:, None, None] * reach, 0)


def halving(curves: pandas.DataFrame, place: float, step: float) -> float | None:
    """The largest multiple of `step` below `place` at which at most half as many entries conflict as at `place`.

    None where that is nowhere but at 0, or nothing conflicts at `place`. Kept entries are nested, so fewer conflict at every
    lower place; their share of the overlapping ones may well rise.
    """
    asked = step * numpy.arange(1, int(numpy.ceil(place / step - 0.5)))
    now, *values = numpy.interp([place, *asked], curves["place"], curves["conflict_of_all"])
    low = asked[numpy.array(values) <= now / 2] if now > 0 else asked[:0]
    return float(low[-1]) if len(low) else None
