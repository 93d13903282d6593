"""What a person reads off a recipe: conflict per layer, magnitudes, and the few numbers above the charts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import pandas
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.engine import Plan, Settled, kept_deltas
from mergelab.methods.ops import rows
from mergelab.methods.registry import Draws
from mergelab.progress import Progress, Steps
from mergelab.recipe import Recipe
from mergelab.sketch import BIN_ERROR, DRAWN, GRID, Curves, Sketch, grid_place, ranked, trims

EDGES = (numpy.arange(0x7F9, dtype=numpy.uint32) << 20).view(numpy.float32).astype(numpy.float64)
"""Lower edges of the bins of a sketch's magnitudes, from 0 to infinity."""


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
    rescaling). `knob` names the knob that is the threshold line: "method.density", "sparsify.density" or None.
    """

    cells: pandas.DataFrame
    experts: pandas.DataFrame
    histogram: Histogram
    numbers: tuple[Number, ...]
    knob: str | None
    label: str
    remark: str


@dataclass(frozen=True)
class Cut:
    """Where a recipe cuts the deltas: which curves answer, at which density, and by which knob."""

    scope: str
    density: float
    knob: str | None


def cut_of(recipe: Recipe) -> Cut:
    """The last step of a recipe that drops entries; density 1 when none does."""
    for owner, rule, step in (("method", recipe.rule, recipe.method), ("sparsify", recipe.sparsifier, recipe.sparsify)):
        if rule and step and trims(rule):
            return Cut(str(step.knobs["scope"]), float(step.knobs["density"]), f"{owner}.density")
        if rule and step and rule.wanting(Draws) and not _drops_weights(recipe):
            return Cut(DRAWN, float(step.knobs["density"]), None)
    return Cut("model", 1.0, None)


def _drops_weights(recipe: Recipe) -> bool:
    """DARE's negative control: what is dropped are weights, so every entry changes and nothing is a kept delta."""
    return recipe.sparsify is not None and recipe.sparsify.knobs.get("target") == "weights"


def preview(sketch: Sketch, recipe: Recipe) -> Preview:
    """The figures of a recipe by look-up in a sketch made for it; exact up to the sketch's bins."""
    cut = cut_of(recipe)
    at = _Reader(sketch.curves[cut.scope], cut.density)
    tensors = pandas.DataFrame({
        "layer": sketch.layers, "module": sketch.modules, "entries": sketch.entries,
        "conflicting": at("conflict"), "coactive": at("coactive"), "active": at("active"),
    })  # fmt: skip
    total = numpy.sqrt(sketch.curves[cut.scope].mass[:, -1])
    experts = pandas.DataFrame({
        "expert": sketch.experts,
        "kept": at("kept") / max(sketch.changed, 1),
        "threshold": _thresholds(sketch, cut),
        "norm": total,
        "mass": at("mass") / numpy.maximum(total**2, numpy.finfo(float).tiny),
    })  # fmt: skip
    return Preview(
        _cells(tensors),
        experts,
        histogram(sketch),
        _numbers(tensors, experts),
        cut.knob,
        "preview",
        _remark(recipe, cut),
    )


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
    entries, experts = [], []
    for number, key in enumerate(plan.keys, 1):
        kept = rows(kept_deltas(settled, key))
        entries.append(_counted_entries(kept))
        if kept.numel():
            experts.append(_counted_experts(kept, ranked(settled, key)))
        yield Progress("Counting conflicts", number, len(plan.keys), key)
    counted = _joined_experts(experts, plan, sketch)
    return _with_counts(preview(sketch, plan.recipe), sketch, pandas.DataFrame(entries), counted)


def _counted_entries(kept: Tensor) -> dict[str, float]:
    present = (kept != 0).sum(0)
    opposed = (kept > 0).any(0) & (kept < 0).any(0)
    exact = kept.double()
    return {
        "conflicting": int(opposed.sum()), "coactive": int((present >= 2).sum()), "active": int((present >= 1).sum()),
        "gross": float(exact.abs().sum()), "net": float(exact.sum(0).abs().sum()),
    }  # fmt: skip


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


def _with_counts(approximate: Preview, sketch: Sketch, counts: pandas.DataFrame, experts: pandas.DataFrame) -> Preview:
    tensors = pandas.DataFrame({"layer": sketch.layers, "module": sketch.modules, "entries": sketch.entries})
    tensors = tensors.join(counts[["conflicting", "coactive", "active"]])
    gross = float(counts["gross"].sum())
    cancelled = 1 - float(counts["net"].sum()) / gross if gross else float("nan")
    cancellation = Number(
        "Cancelled",
        cancelled,
        _percent(cancelled),
        "share of the kept changes' total magnitude that opposite signs cancel: 1 − |Σd| / Σ|d|",
    )
    return Preview(
        _cells(tensors), experts, approximate.histogram, (*_numbers(tensors, experts), cancellation),
        approximate.knob, "exact", "Counted entry by entry on the tensors of this merge.",
    )  # fmt: skip


class _Reader:
    """Reads curves at one density, linearly between grid points."""

    def __init__(self, curves: Curves, density: float) -> None:
        self.curves, place = curves, grid_place(density)
        self.low = min(int(place), GRID - 1)
        self.share = place - self.low

    def __call__(self, name: str) -> NDArray[numpy.float64]:
        curve = getattr(self.curves, name)
        read: NDArray[numpy.float64] = curve[:, self.low] * (1 - self.share) + curve[:, self.low + 1] * self.share
        return read


def _cells(tensors: pandas.DataFrame) -> pandas.DataFrame:
    cells = tensors.groupby(["layer", "module"], sort=False, as_index=False).sum()
    cells["conflict"] = cells["conflicting"] / cells["coactive"].where(cells["coactive"] > 0)
    for name in ("coactive", "active"):
        cells[name] = cells[name] / cells["entries"]
    return cells[["layer", "module", "entries", "conflict", "coactive", "active"]]


def _numbers(tensors: pandas.DataFrame, experts: pandas.DataFrame) -> tuple[Number, ...]:
    entries, coactive = float(tensors["entries"].sum()), float(tensors["coactive"].sum())
    kept, mass = float(experts["kept"].mean()), float(experts["mass"].mean())
    conflict = float(tensors["conflicting"].sum()) / coactive if coactive else float("nan")
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
    )


def _percent(share: float) -> str:
    return "–" if numpy.isnan(share) else f"{100 * share:.1f} %"


def _thresholds(sketch: Sketch, cut: Cut) -> NDArray[numpy.float64]:
    if not _has_line(cut):
        return numpy.full(len(sketch.experts), numpy.nan)
    return numpy.array([_magnitude_keeping(cut.density, shares) for shares in _kept_from(sketch)])


def _has_line(cut: Cut) -> bool:
    """Whether one magnitude an expert separates what is kept from what is dropped."""
    return cut.knob is not None and cut.scope == "model" and cut.density > 0


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


def _remark(recipe: Recipe, cut: Cut) -> str:
    error = f"Read from a one-pass sketch, to within {100 * BIN_ERROR:g} points of density."
    if cut.knob and cut.scope == "tensor":
        return f"{error} Each tensor has a threshold of its own, so there is no single line."
    if cut.scope == DRAWN:
        return f"{error} Survivors are drawn at random, so magnitudes do not decide and there is no line."
    if _drops_weights(recipe):
        return "Fine-tuned weights are dropped, not changes: every entry moves, and the deltas shown are the untouched ones."
    if cut.knob is None:
        return f"{recipe.rule.title} keeps every change: nothing is dropped before the merge."
    return error
