"""What a recipe's cut leaves of each tensor and of each expert's total change, read off a sketch."""

from __future__ import annotations

from dataclasses import replace

import numpy
from numpy.typing import NDArray

from mergelab.recipe import Recipe
from mergelab.sizes import Tensors
from mergelab.sketch import Curves, Sketch, cut_of


def tensor_densities(sketch: Sketch, recipe: Recipe, scope: str | None = None) -> NDArray[numpy.float64]:
    """(n_tensors, n_experts): the share of a tensor's entries that an expert keeps at the recipe's place.

    Where magnitudes are ranked, `scope` "model" (one threshold for all tensors) or "tensor" takes the place of the recipe's.
    NaN for empty tensors, and everywhere if the sketch was drawn for other settings.
    """
    cut = cut_of(recipe)
    curves = sketch.curves.get((replace(cut, scope=scope) if scope and cut.by == "ranks" else cut).curves)
    kept = numpy.nan if curves is None else curves.at("kept", cut.place)
    entries = numpy.where(sketch.entries, sketch.entries, numpy.nan)[:, None]
    shares: NDArray[numpy.float64] = kept / entries * numpy.ones(len(sketch.experts))
    return shares


def retained_l1(sketch: Sketch, recipe: Recipe, tensors: Tensors | None = None) -> NDArray[numpy.float64]:
    """(n_experts,): Σ|d| over what an expert keeps / Σ|d| over all that it offers, in all tensors or some.

    Deltas count as they are before a sparsifier rescales them. NaN for an expert that changes nothing there, if the sketch
    was drawn for other settings, and where it holds survivors as rescaled.
    """
    cut, chosen = cut_of(recipe), slice(None) if tensors is None else numpy.asarray(tensors)
    curves = sketch.curves.get(cut.curves)
    if curves is None or _rescaled(curves):
        return numpy.full(len(sketch.experts), numpy.nan)
    kept, whole = (curves.at("norms_l1", place)[chosen].sum(0) for place in (cut.place, 1.0))
    shares: NDArray[numpy.float64] = kept / numpy.where(whole == 0, numpy.nan, whole)
    return shares


def _rescaled(curves: Curves) -> bool:
    """Whether the curves are of survivors that a sparsifier has rescaled, so that the end of a sum is not all on offer."""
    return curves.offered is not None and not numpy.allclose(curves.offered[..., -1], curves.mass[..., -1], rtol=1e-5)
