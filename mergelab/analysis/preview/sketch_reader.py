"""The figures of a recipe by look-up in a sketch."""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

from mergelab.analysis.preview.histogram import EDGES
from mergelab.analysis.preview.kept_sums import Figures
from mergelab.analysis.sketch import GRID, Curve, Curves, OperatingPoint, Sketch, grid_place

ALIKE = (
    "active",
    "overlapping",
    "conflicting",
    "against_count",
    "net",
    "agreement",
    "sign_agreement",
    "kept",
    "norms_l1",
    "energy",
    "shared",
    "opposed",
    "products",
)
"""Curves whose sums are figures as they are."""


def read(sketch: Sketch, cut: OperatingPoint) -> Figures:
    """What the curves of a cut say at its place; NaN where the sketch was made for other settings."""
    found = curves_at(sketch, cut)
    at, end = Reader(found, cut.place), Reader(found, 1.0)
    moved = end("kept" if found.offered is None else "offered").sum(1) > 0  # what drops weights moves what nobody moved
    return Figures(
        entries=sketch.entries,
        changed=numpy.where(moved, sketch.entries, 0),
        squares=at("mass"),
        whole=end("energy"),
        thresholds=_thresholds(sketch, cut),
        **{name: at(name) for name in ALIKE},
    )


def curves_at(sketch: Sketch, cut: OperatingPoint) -> Curves:
    """The curves of a cut; where the sketch lacks them, some that tell nothing."""
    return sketch.curves.get(cut.curves) or Curves.filled(_unknown, len(sketch.entries), len(sketch.experts))


def has_line(cut: OperatingPoint) -> bool:
    """Whether one magnitude an expert separates what is kept from what is dropped."""
    return cut.knob is not None and cut.place > 0


def _unknown(shape: tuple[int, ...], dtype: type) -> Curve:
    return numpy.broadcast_to(numpy.array(numpy.nan), shape)


class Reader:
    """Reads curves at one place, linearly between grid points, as float64 without their last axis."""

    def __init__(self, curves: Curves, at: float) -> None:
        self.curves, place = curves, grid_place(at)
        self.low = min(int(place), GRID - 1)
        self.share = place - self.low

    def __call__(self, name: str) -> NDArray[numpy.float64]:
        curve = getattr(self.curves, name)
        low, high = (curve[..., place].astype(float) for place in (self.low, self.low + 1))
        read: NDArray[numpy.float64] = low * (1 - self.share) + high * self.share
        return read


def _thresholds(sketch: Sketch, cut: OperatingPoint) -> NDArray[numpy.float64]:
    if not has_line(cut):
        return numpy.full(len(sketch.experts), numpy.nan)
    return numpy.array([_magnitude_keeping(cut.place, shares) for shares in _kept_from(sketch)])


def _kept_from(sketch: Sketch) -> NDArray[numpy.float64]:
    """(n_experts, len(EDGES)): the share of entries whose magnitude reaches each edge."""
    shares = sketch.magnitudes[:, ::-1].cumsum(1)[:, ::-1] / max(sketch.changed, 1)
    return shares[:, : len(EDGES)]


def _magnitude_keeping(density: float, shares: NDArray[numpy.float64]) -> float:
    """The largest magnitude that still keeps `density`, linear inside its bin; NaN for an expert without changes."""
    nonzero = float(shares[1])
    if nonzero == 0:
        return float("nan")
    wanted = min(density, nonzero)
    place = int(numpy.flatnonzero(shares >= wanted)[-1])
    inside = (shares[place] - wanted) / (shares[place] - shares[place + 1])
    return float(EDGES[place] + inside * (EDGES[place + 1] - EDGES[place]))
