"""The data of the live charts for one recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy
import pandas

from mergelab.analysis.preview.histogram import Histogram, histogram
from mergelab.analysis.preview.kept_sums import Figures, Tensors, over_experts, share
from mergelab.analysis.preview.sketch_reader import read
from mergelab.analysis.sketch import Sketch, operating_point
from mergelab.recipe import Recipe

UNKNOWN = "No preview for these settings; merge to get the exact figures."


@dataclass(frozen=True)
class Number:
    """One figure of the numbers strip: its name, value (NaN if undefined), printed text and meaning."""

    name: str
    value: float
    text: str
    help: str


@dataclass(frozen=True)
class Preview:
    """The data of the live charts for one recipe.

    `cells` has layer, module, entries, conflict (share of overlapping entries whose signs disagree, NaN if none overlap),
    conflict_of_all (the same as a share of all entries), cancellation (1 - Σ|Σd| / Σ|d|, NaN if nothing is kept),
    coactive and active (shares of entries), for all tensors. `kept` has layer, expert and the share of the layer's
    entries that the expert keeps. `experts` has expert, kept (share of its entries in tensors that some expert changed), threshold (smallest kept
    magnitude, NaN if magnitude does not decide), norm, and mass (share of the squared norm that survives, before
    rescaling). `knob` is the knob shown as the threshold line, "method.density" or "sparsify.density"; if it is None,
    `notice` says why there is no line. `label` is "preview", "exact", or "unknown" if the sketch was built for other
    settings; all figures are then NaN. `remark` says how the figures were computed, from the sums in `figures`.
    """

    cells: pandas.DataFrame
    kept: pandas.DataFrame
    experts: pandas.DataFrame
    histogram: Histogram
    numbers: tuple[Number, ...]
    knob: str | None
    label: str
    remark: str
    notice: str
    figures: Figures


def preview(sketch: Sketch, recipe: Recipe) -> Preview:
    """The preview of a recipe from a sketch built for it; `operating_point(recipe).error` states its accuracy."""
    point = operating_point(recipe)
    known = point.curves in sketch.curves
    label, remark = ("preview", point.error) if known else ("unknown", UNKNOWN)
    return shown(read(sketch, point), sketch, point.knob if known else None, label, remark, point.notice)


def shown(figures: Figures, sketch: Sketch, knob: str | None, label: str, remark: str, notice: str) -> Preview:
    """The preview computed from `figures`."""
    return Preview(
        _cells(figures, sketch),
        _kept(figures, sketch),
        _experts(figures, sketch),
        histogram(sketch),
        _numbers(figures),
        knob,
        label,
        remark,
        notice,
        figures,
    )


def narrowed(found: Preview, sketch: Sketch, tensors: Tensors | None) -> Preview:
    """The preview with `experts` and `numbers` limited to some tensors; `cells` still cover all tensors."""
    if tensors is None:
        return found
    some = found.figures.of(tensors)
    return replace(found, experts=_experts(some, sketch), numbers=_numbers(some))


def _cells(figures: Figures, sketch: Sketch) -> pandas.DataFrame:
    tensors = pandas.DataFrame(
        {
            "layer": sketch.layers,
            "module": sketch.modules,
            "entries": figures.entries,
            "net": figures.net,
            "conflicting": figures.conflicting,
            "coactive": figures.overlapping,
            "active": figures.active,
            "gross": over_experts(figures.norms_l1, 1),
        }
    )
    cells = tensors.groupby(["layer", "module"], sort=False, as_index=False).sum(min_count=1)
    cells["conflict"] = share(cells["conflicting"], cells["coactive"])
    cells["cancellation"] = 1 - share(cells["net"], cells["gross"])
    for name, part in (("conflict_of_all", "conflicting"), ("coactive", "coactive"), ("active", "active")):
        cells[name] = share(cells[part], cells["entries"])
    names = ["layer", "module", "entries", "conflict", "conflict_of_all", "cancellation", "coactive", "active"]
    return cells[names]


def _kept(figures: Figures, sketch: Sketch) -> pandas.DataFrame:
    """The share of entries that each expert keeps per layer, which shows the effect of a model-wide threshold."""
    frame = pandas.DataFrame(figures.kept, columns=list(sketch.experts))
    sums = frame.groupby(list(sketch.layers), sort=False).sum(min_count=1)
    entries = pandas.Series(figures.entries).groupby(list(sketch.layers), sort=False).sum()
    shares = sums.div(entries.where(entries > 0), axis=0).rename_axis("layer").reset_index()
    return shares.melt("layer", var_name="expert", value_name="share")


def _experts(figures: Figures, sketch: Sketch) -> pandas.DataFrame:
    whole = figures.whole.sum(0)
    return pandas.DataFrame(
        {
            "expert": sketch.experts,
            "kept": figures.kept.sum(0) / max(figures.changed.sum(), 1),
            "threshold": figures.thresholds,
            "norm": numpy.sqrt(whole),
            "mass": figures.energy.sum(0) / numpy.maximum(whole, numpy.finfo(float).tiny),
        }
    )


def _numbers(figures: Figures) -> tuple[Number, ...]:
    changed, whole = max(figures.changed.sum(), 1), numpy.maximum(figures.whole.sum(0), numpy.finfo(float).tiny)
    values = (
        over_experts(figures.kept.sum(0) / changed, 0) / len(whole),
        over_experts(figures.energy.sum(0) / whole, 0) / len(whole),
        share(figures.overlapping.sum(), figures.entries.sum()),
        share(figures.conflicting.sum(), figures.overlapping.sum()),
        1 - share(figures.net.sum(), over_experts(figures.norms_l1, 1).sum()),
    )
    return tuple(
        Number(name, float(value), _percent(float(value)), help)
        for (name, help), value in zip(NUMBERS.items(), values, strict=True)
    )


NUMBERS = {
    "Kept": "share of each expert's entries that is kept, in tensors that some expert changed; mean over experts",
    "Energy kept": "share of each delta's squared norm that is kept, before rescaling, mean over experts",
    "Overlap": "share of all entries that two or more experts keep",
    "Conflict": "share of the overlapping entries in which the experts' signs disagree",
    "Cancelled": "share of the kept deltas' total magnitude that opposite signs cancel: 1 − |Σd| / Σ|d|",
}


def _percent(share: float) -> str:
    return "–" if numpy.isnan(share) else f"{100 * share:.1f} %"
