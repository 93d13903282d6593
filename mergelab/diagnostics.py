"""What a person reads off a recipe: conflict per layer, magnitudes, and the few numbers above the charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import pandas
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.engine import Plan, Settled, kept_deltas
from mergelab.interference import Interference, interference
from mergelab.methods.ops import rows
from mergelab.progress import Progress, Steps
from mergelab.recipe import Recipe
from mergelab.sketch import GRID, Curve, Curves, Cut, Sketch, cut_of, grid_place, pairs_of, ranked

EDGES = (numpy.arange(0x7F9, dtype=numpy.uint32) << 20).view(numpy.float32).astype(numpy.float64)
"""Lower edges of the bins of a sketch's magnitudes, from 0 to infinity."""
LINEAR = ("task_arithmetic", "average")
"""Methods whose merged delta is a weighted sum of the kept ones."""
SUMMED = (
    "conflicting", "overlapping", "active", "net", "norms_l1", "energy", "merged_square", "cross", "reach", "products",
)  # fmt: skip
GRID_PLACES = (numpy.arange(GRID + 1) / GRID) ** 2
Tensors = Sequence[int] | NDArray[numpy.int64] | NDArray[numpy.bool_]
UNKNOWN = "No preview for these settings; the exact figures come with the merge."


@dataclass(frozen=True)
class Number:
    """One figure of the numbers strip: its name, its value (NaN when undefined), how to print it, what it means."""

    name: str
    value: float
    text: str
    help: str


@dataclass(frozen=True)
class Histogram:
    """Magnitudes of each expert's deltas: `edges` are log10 |delta| (bins + 1), `shares` (n_experts, bins) are shares of
    the entries per decade, `zero` (n_experts,) the share of entries that are exactly 0 in tensors that changed."""

    edges: NDArray[numpy.float64]
    shares: NDArray[numpy.float64]
    zero: NDArray[numpy.float64]


@dataclass(frozen=True)
class Preview:
    """All that the live charts show for one recipe.

    `cells`: layer, module, entries, conflict (share of co-active entries whose signs disagree, NaN when none is
    co-active), coactive and active (shares of entries). `experts`: expert, kept (share of entries), threshold (smallest
    kept magnitude, NaN when magnitudes do not decide), norm, mass (share of the squared norm that survives, before
    rescaling). `knob` names the knob that is the threshold line, "method.density" or "sparsify.density"; where it is None,
    `notice` says why there is no line. `label` is "preview" or "exact", or "unknown" where the sketch at hand was drawn
    for other settings: then all figures are NaN. `remark` says how the figures were come by.
    """

    cells: pandas.DataFrame
    experts: pandas.DataFrame
    histogram: Histogram
    numbers: tuple[Number, ...]
    knob: str | None
    label: str
    remark: str
    notice: str


def preview(sketch: Sketch, recipe: Recipe) -> Preview:
    """The figures of a recipe by look-up in a sketch made for it; `cut_of(recipe).error` says how exact they are."""
    cut = cut_of(recipe)
    known = cut.curves in sketch.curves
    at = _Reader(_curves_at(sketch, cut), cut.place)
    tensors = pandas.DataFrame({
        "layer": sketch.layers, "module": sketch.modules, "entries": sketch.entries,
        "conflicting": at("conflicting"), "coactive": at("overlapping"), "active": at("active"),
    })  # fmt: skip
    whole = _Reader(_curves_at(sketch, cut), 1.0)("energy").sum(0)
    experts = pandas.DataFrame({
        "expert": sketch.experts,
        "kept": at("kept").sum(0) / max(sketch.changed, 1),
        "threshold": _thresholds(sketch, cut),
        "norm": numpy.sqrt(whole),
        "mass": at("energy").sum(0) / numpy.maximum(whole, numpy.finfo(float).tiny),
    })  # fmt: skip
    cancelled = 1 - float(_share(at("net").sum(), at("norms_l1").sum()))
    return Preview(
        _cells(tensors), experts, histogram(sketch), _numbers(tensors, experts, cancelled), cut.knob if known else None,
        "preview" if known else "unknown", cut.error if known else UNKNOWN, cut.notice,
    )  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """How each two experts' kept deltas agree, (n_experts, n_experts) each: `conflict`, the share of the entries which both
    keep that have opposite signs, NaN for an expert with itself and where there is none; `cosines`, NaN for an expert that
    keeps nothing."""

    experts: tuple[str, ...]
    conflict: NDArray[numpy.float64]
    cosines: NDArray[numpy.float64]


def pairs(sketch: Sketch, recipe: Recipe, tensors: Tensors | None = None) -> Pairs:
    """The pairs at a recipe's place, in all tensors or some; all NaN where the sketch was made for other settings."""
    cut, chosen = cut_of(recipe), slice(None) if tensors is None else numpy.asarray(tensors)
    at, count = _Reader(_curves_at(sketch, cut), cut.place), len(sketch.experts)
    shared, opposed, products = (at(name)[chosen].sum(0) for name in ("shared", "opposed", "products"))
    norms = numpy.sqrt(numpy.diagonal(at("reach")[chosen].sum(0)))
    conflict, dots = numpy.full((count, count), numpy.nan), numpy.diag(norms**2)
    for place, (i, j) in enumerate(pairs_of(count)):
        conflict[i, j] = conflict[j, i] = _share(opposed[place], shared[place])
        dots[i, j] = dots[j, i] = products[place]
    return Pairs(sketch.experts, conflict, _share(dots, numpy.outer(norms, norms)))


def curves(sketch: Sketch, recipe: Recipe, tensors: Tensors | None = None) -> pandas.DataFrame:
    """What a sketch tells at every place of its grid, of all tensors or some, which are given by their numbers or a mask.

    `place`: the density, or for consensus what stands for its threshold; for curves of survivors there is one row, that of
    the settings. `conflict`: share of overlapping entries; `conflict_of_all`; `cancellation`: 1 - Σ|Σd| / Σ|d|; `union`: share
    of entries that any expert keeps; `retained`: share of the squared norms, mean over experts; `norm` of the merged delta,
    before its scale, and its cosine with each expert's whole delta, `cosine EXPERT`. Task arithmetic and average merge to the weighted sum
    and mean of what is kept, any other method counts as TIES does, with equal weights. Shares of nothing are NaN.
    """
    cut, chosen = cut_of(recipe), slice(None) if tensors is None else numpy.asarray(tensors)
    found = _curves_at(sketch, cut)
    places = _places(cut)
    sums = {name: _along(getattr(found, name)[chosen], places) for name in SUMMED}
    energy = sums["energy"]
    squares, cross = _merged(sums, recipe)
    whole = numpy.sqrt(_along(found.mass[chosen], numpy.array([1.0])))
    cosines = _share(cross, numpy.sqrt(numpy.maximum(squares, 0)) * whole)
    entries = sketch.entries[chosen].sum()
    return pandas.DataFrame({
        "place": places, "conflict": _share(sums["conflicting"], sums["overlapping"]),
        "conflict_of_all": _share(sums["conflicting"], entries),
        "cancellation": 1 - _share(sums["net"], sums["norms_l1"].sum(0)), "union": _share(sums["active"], entries),
        "retained": _share(energy, _along(found.energy[chosen], numpy.array([1.0]))).mean(0),
        "norm": numpy.sqrt(numpy.maximum(squares, 0)),
        **{f"cosine {name}": row for name, row in zip(sketch.experts, cosines, strict=True)},
    })  # fmt: skip


def _places(cut: Cut) -> NDArray[numpy.float64]:
    """The grid's places, or the only one that survivors have."""
    return numpy.array([cut.place]) if cut.by == "survivors" else (numpy.arange(GRID + 1) / GRID) ** 2


def _along(curve: Curve, places: NDArray[numpy.float64]) -> NDArray[numpy.float64]:
    """A curve of some tensors, summed over them, at each of `places`."""
    summed = curve.sum(0, dtype=numpy.float64)
    return numpy.apply_along_axis(lambda row: numpy.interp(places, GRID_PLACES, row), -1, summed)


def _merged(
    sums: dict[str, NDArray[numpy.float64]], recipe: Recipe
) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64]]:
    """The squared norm of the merged delta at each place, and its products with each expert's delta."""
    if recipe.method.name not in LINEAR:
        return sums["merged_square"], sums["cross"]
    weights = numpy.array([expert.weight for expert in recipe.models])
    if recipe.method.name == "average":
        weights = weights / weights.sum() if weights.sum() else numpy.full(len(weights), 1 / len(weights))
    reach = sums["reach"]
    squares = numpy.einsum("i,iip->p", weights**2, reach)
    for place, (i, j) in enumerate(pairs_of(len(weights))):
        squares += 2 * weights[i] * weights[j] * sums["products"][place]
    return squares, numpy.einsum("j,jip->ip", weights, reach)


def histogram(sketch: Sketch) -> Histogram:
    """The magnitude histograms, cut to the bins between the smallest and largest that hold 1 in 10,000 entries."""
    shares = sketch.magnitudes / max(sketch.changed, 1)
    lit = numpy.flatnonzero(shares[:, 1:].max(0) > 1e-4) + 1
    low, high = (int(lit.min()), int(lit.max()) + 1) if len(lit) else (1, 2)
    edges = numpy.log10(EDGES[low : high + 1])
    return Histogram(edges, shares[:, low:high] / numpy.diff(edges), shares[:, 0])


def exact_preview(settled: Settled, sketch: Sketch) -> Steps[Preview]:
    """The same figures from the tensors themselves: what the settled merge keeps, counted entry by entry."""
    plan = settled.plan
    tensors, experts = [], []
    for number, key in enumerate(plan.keys, 1):
        kept = rows(kept_deltas(settled, key))
        tensors.append(interference(kept))
        if kept.numel():
            experts.append(_counted_experts(kept, ranked(settled, key)))
        yield Progress("Counting conflicts", number, len(plan.keys), key)
    counted = _joined_experts(experts, plan, sketch)
    return _with_counts(cut_of(plan.recipe), sketch, tensors, counted)


def _counted_experts(kept: Tensor, offered: Tensor) -> NDArray[numpy.float64]:
    """(4, n_experts): kept entries, their squared norm before any rescaling, the whole one, the smallest kept magnitude."""
    survives, magnitudes = kept != 0, offered.double().abs()
    squares = magnitudes.square()
    lowest = torch.where(survives, magnitudes, torch.inf).amin(1)
    figures = (survives.sum(1).double(), (squares * survives).sum(1), squares.sum(1), lowest)
    found: NDArray[numpy.float64] = torch.stack(figures).cpu().numpy()
    return found


def _joined_experts(parts: list[NDArray[numpy.float64]], plan: Plan, sketch: Sketch) -> pandas.DataFrame:
    """One row an expert, in the recipe's order."""
    order = numpy.argsort(plan.positions)
    kept, survived, whole, _ = numpy.sum(parts, axis=0)[:, order]
    lowest = numpy.min(parts, axis=0)[3][order]
    has_line = numpy.isfinite(lowest) & _has_line(cut_of(plan.recipe))
    return pandas.DataFrame({
        "expert": sketch.experts, "kept": kept / max(sketch.changed, 1),
        "threshold": numpy.where(has_line, lowest, numpy.nan),
        "norm": numpy.sqrt(whole), "mass": survived / numpy.maximum(whole, numpy.finfo(float).tiny),
    })  # fmt: skip


def _with_counts(cut: Cut, sketch: Sketch, counts: list[Interference], experts: pandas.DataFrame) -> Preview:
    tensors = pandas.DataFrame({
        "layer": sketch.layers, "module": sketch.modules, "entries": sketch.entries,
        "conflicting": [found.conflicting for found in counts], "coactive": [found.overlapping for found in counts],
        "active": [found.active for found in counts],
    })  # fmt: skip
    cancelled = sum(counts, Interference.nothing(len(experts))).interference_loss
    return Preview(
        _cells(tensors), experts, histogram(sketch), _numbers(tensors, experts, cancelled),
        cut.knob, "exact", "Counted entry by entry on the tensors of this merge.", cut.notice,
    )  # fmt: skip


def _curves_at(sketch: Sketch, cut: Cut) -> Curves:
    """The curves of a cut; where the sketch lacks them, some that tell nothing."""
    return sketch.curves.get(cut.curves) or Curves.filled(_unknown, len(sketch.entries), len(sketch.experts))


def _unknown(shape: tuple[int, ...], dtype: type) -> Curve:
    return numpy.broadcast_to(numpy.array(numpy.nan), shape)


class _Reader:
    """Reads curves at one place, linearly between grid points, as float64 without their last axis."""

    def __init__(self, curves: Curves, at: float) -> None:
        self.curves, place = curves, grid_place(at)
        self.low = min(int(place), GRID - 1)
        self.share = place - self.low

    def __call__(self, name: str) -> NDArray[numpy.float64]:
        low, high = (getattr(self.curves, name)[..., place].astype(float) for place in (self.low, self.low + 1))
        read: NDArray[numpy.float64] = low * (1 - self.share) + high * self.share
        return read


def _cells(tensors: pandas.DataFrame) -> pandas.DataFrame:
    cells = tensors.groupby(["layer", "module"], sort=False, as_index=False).sum(min_count=1)
    cells["conflict"] = cells["conflicting"] / cells["coactive"].where(cells["coactive"] > 0)
    for name in ("coactive", "active"):
        cells[name] = cells[name] / cells["entries"]
    return cells[["layer", "module", "entries", "conflict", "coactive", "active"]]


def _numbers(tensors: pandas.DataFrame, experts: pandas.DataFrame, cancelled: float) -> tuple[Number, ...]:
    entries, coactive, conflicting = (
        float(tensors[name].sum(skipna=False)) for name in ("entries", "coactive", "conflicting")
    )
    kept, mass = (float(experts[name].mean(skipna=False)) for name in ("kept", "mass"))
    conflict = conflicting / coactive if coactive else float("nan")
    overlap = coactive / entries if entries else float("nan")
    return (
        Number(
            "Kept", kept, _percent(kept), "share of each expert's changed entries that take part, mean over experts"
        ),
        Number(
            "Energy kept",
            mass,
            _percent(mass),
            "share of the squared norm of each delta that survives, mean over experts, before rescaling",
        ),
        Number("Overlap", overlap, _percent(overlap), "share of all entries that two or more experts keep"),
        Number(
            "Conflict",
            conflict,
            _percent(conflict),
            "share of those overlapping entries on which the experts' signs disagree",
        ),
        Number(
            "Cancelled",
            cancelled,
            _percent(cancelled),
            "share of the kept changes' total magnitude that opposite signs cancel: 1 − |Σd| / Σ|d|",
        ),
    )


def _share(part: Any, whole: Any) -> Any:
    """part / whole, NaN where the whole is 0."""
    return numpy.divide(part, numpy.where(numpy.asarray(whole) == 0, numpy.nan, whole))


def _percent(share: float) -> str:
    return "–" if numpy.isnan(share) else f"{100 * share:.1f} %"


def _thresholds(sketch: Sketch, cut: Cut) -> NDArray[numpy.float64]:
    if not _has_line(cut):
        return numpy.full(len(sketch.experts), numpy.nan)
    return numpy.array([_magnitude_keeping(cut.place, shares) for shares in _kept_from(sketch)])


def _has_line(cut: Cut) -> bool:
    """Whether one magnitude an expert separates what is kept from what is dropped."""
    return cut.knob is not None and cut.place > 0


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
