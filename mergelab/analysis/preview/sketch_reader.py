"""Looks up the figures of a recipe in a sketch."""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

from mergelab.analysis.preview.histogram import EDGES
from mergelab.analysis.preview.kept_sums import Figures
from mergelab.analysis.sketch import GRID, Curve, Curves, OperatingPoint, Sketch, grid_position

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
"""Curves that are figures without further computation."""


def read(sketch: Sketch, point: OperatingPoint) -> Figures:
    """The figures at an operating point; NaN if the sketch was built for other settings."""
    found = curves_at(sketch, point)
    at, end = Reader(found, point.position), Reader(found, 1.0)
    # Not `kept` if `offered` exists: dropping weights changes even tensors that no expert changed.
    moved = end("kept" if found.offered is None else "offered").sum(1) > 0
    return Figures(
        entries=sketch.entries,
        changed=numpy.where(moved, sketch.entries, 0),
        squares=at("mass"),
        whole=end("energy"),
        thresholds=_thresholds(sketch, point),
        **{name: at(name) for name in ALIKE},
    )


def curves_at(sketch: Sketch, point: OperatingPoint) -> Curves:
    """The curves for an operating point; all NaN if the sketch lacks them."""
    return sketch.curves.get(point.curves) or Curves.filled(_unknown, len(sketch.entries), len(sketch.experts))


def has_line(point: OperatingPoint) -> bool:
    """Whether one magnitude per expert separates kept from dropped entries."""
    return point.knob is not None and point.position > 0


def _unknown(shape: tuple[int, ...], dtype: type) -> Curve:
    return numpy.broadcast_to(numpy.array(numpy.nan), shape)


class Reader:
    """Reads curves at one place, as float64 without their last axis, interpolating between grid points."""

    def __init__(self, curves: Curves, at: float) -> None:
        self.curves, place = curves, grid_position(at)
        self.low = min(int(place), GRID - 1)
        self.share = place - self.low

    def __call__(self, name: str) -> NDArray[numpy.float64]:
        curve = getattr(self.curves, name)
        low, high = (curve[..., place].astype(float) for place in (self.low, self.low + 1))
        read: NDArray[numpy.float64] = low * (1 - self.share) + high * self.share
        return read


def _thresholds(sketch: Sketch, point: OperatingPoint) -> NDArray[numpy.float64]:
    if not has_line(point):
        return numpy.full(len(sketch.experts), numpy.nan)
    return numpy.array([_magnitude_keeping(point.position, shares) for shares in _kept_from(sketch)])


def _kept_from(sketch: Sketch) -> NDArray[numpy.float64]:
    """The share of entries whose magnitude reaches each edge, (n_experts, len(EDGES))."""
    shares = sketch.magnitudes[:, ::-1].cumsum(1)[:, ::-1] / max(sketch.changed, 1)
    return shares[:, : len(EDGES)]


def _magnitude_keeping(density: float, shares: NDArray[numpy.float64]) -> float:
    """The largest threshold that keeps `density`, interpolated within its bin; NaN for an expert without changes."""
    nonzero = float(shares[1])
    if nonzero == 0:
        return float("nan")
    wanted = min(density, nonzero)
    place = int(numpy.flatnonzero(shares >= wanted)[-1])
    inside = (shares[place] - wanted) / (shares[place] - shares[place + 1])
    return float(EDGES[place] + inside * (EDGES[place + 1] - EDGES[place]))
