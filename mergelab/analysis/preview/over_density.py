"""Curves of the figures over the density."""

from __future__ import annotations

import numpy
import pandas
from numpy.typing import NDArray

from mergelab.analysis.preview.kept_sums import Tensors, over_experts, share
from mergelab.analysis.preview.sketch_reader import curves_at
from mergelab.analysis.sketch import GRID, Curve, OperatingPoint, Sketch, operating_point, pairs_of
from mergelab.recipe import Recipe

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
    """The figures at every grid point of a sketch, for all tensors or for some of them.

    Columns: `place`, the density (for consensus, the position of its threshold; curves by survivors have a single row for
    the current settings); `conflict_of_all`, the conflicting weights as a share of all weights; `conflict`, as a share of shared weights; `cancellation`,
    1 - Σ|Σd| / Σ|d|; `union`, the share of entries that at least one expert keeps; `retained`, the share of the squared
    norm kept, mean over experts; `norm` of the merged delta before its scale; `cosine EXPERT`, the cosine of the merged
    delta with each expert's whole delta. The merged delta is the weighted sum or mean of what is kept for methods that
    combine deltas so (`Rule.combines`), and that of TIES with equal weights for any other method. Undefined shares are NaN.
    """
    point, chosen = operating_point(recipe), slice(None) if tensors is None else numpy.asarray(tensors)
    found = curves_at(sketch, point)
    places = _places(point)
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


def _places(point: OperatingPoint) -> NDArray[numpy.float64]:
    """All grid points, or the single one of curves by survivors."""
    return numpy.array([point.position]) if point.by == "survivors" else (numpy.arange(GRID + 1) / GRID) ** 2


def _along(curve: Curve, places: NDArray[numpy.float64]) -> NDArray[numpy.float64]:
    """A curve summed over its tensors at each of `places`, with linear interpolation between grid points."""
    summed = curve.sum(0, dtype=numpy.float64)
    bins = GRID * numpy.sqrt(places)
    low = numpy.minimum(bins.astype(int), GRID - 1)
    found: NDArray[numpy.float64] = summed[..., low] * (1 - (bins - low)) + summed[..., low + 1] * (bins - low)
    return found


def _merged(
    sums: dict[str, NDArray[numpy.float64]], recipe: Recipe
) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64]]:
    """The squared norm of the merged delta at each place, and its inner products with each expert's delta."""
    if recipe.rule.combines not in ("sum", "mean"):
        return sums["merged_square"], sums["cross"]
    weights = numpy.array([expert.weight for expert in recipe.models])
    if recipe.rule.combines == "mean":
        whole = over_experts(weights, 0)
        weights = weights / whole if whole else numpy.full(len(weights), 1 / len(weights))
    reach = sums["reach"]
    own = [weights[i] ** 2 * reach[i, i] for i in range(len(weights))]
    shared = [2 * (weights[i] * weights[j]) * sums["products"][at] for at, (i, j) in enumerate(pairs_of(len(weights)))]
    return over_experts(numpy.stack(own + shared), 0), over_experts(weights[:, None, None] * reach, 0)


def halving(curves: pandas.DataFrame, place: float, step: float) -> float | None:
    """The largest multiple of `step` below `place` at which at most half as many weights conflict as at `place`.

    None if only 0 qualifies, or if nothing conflicts at `place`. Kept weights are nested, so the number of conflicting ones
    falls with the place; their share of the shared weights may rise.
    """
    asked = step * numpy.arange(1, int(numpy.ceil(place / step - 0.5)))
    now, *values = numpy.interp([place, *asked], curves["place"], curves["conflict_of_all"])
    low = asked[numpy.array(values) <= now / 2] if now > 0 else asked[:0]
    return float(low[-1]) if len(low) else None
