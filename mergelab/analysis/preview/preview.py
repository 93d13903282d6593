"""The data of the live charts for one recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy
import pandas

from mergelab.analysis.preview.expert_shares import change_shares, recipe_weights, shares_changes
from mergelab.analysis.preview.histogram import Histogram, histogram
from mergelab.analysis.preview.kept_sums import Figures, Tensors, over_experts, share
from mergelab.analysis.preview.sketch_reader import read
from mergelab.analysis.sketch import Sketch, operating_point
from mergelab.recipe import Recipe

UNKNOWN = "No estimate for these settings. Press Merge to measure the figures."


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

    `cells` has layer, module, entries, conflicting (the number of weights in which signs disagree), conflict_of_all (the
    same as a share of all weights), conflict (as a share of shared weights, NaN if there are none), cancellation
    (1 - Σ|Σd| / Σ|d|, NaN if nothing is kept), coactive and active (shares of all weights), for all tensors. `kept` has
    layer, expert and the share of the layer's weights that the expert keeps. `experts` has expert, kept (share of its
    weights in tensors that some expert changed), threshold (smallest kept magnitude, NaN if magnitude does not decide),
    norm, and mass (share of the squared norm that survives, before rescaling). `shares` has layer, module, expert and the
    share of the merge that the expert decides there (see `expert_shares`); None for methods in which it has none, or if
    only a merge can tell. `knob` is the knob shown as the threshold line, "method.density" or "sparsify.density"; if it is None,
    `notice` says why there is no line. `label` is "preview", "exact", or "unknown" if the sketch was built for other
    settings; all figures are then NaN. `remark` says how the figures were computed, from the sums in `figures`.
    """

    cells: pandas.DataFrame
    kept: pandas.DataFrame
    experts: pandas.DataFrame
    histogram: Histogram
    shares: pandas.DataFrame | None
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
    figures, weights = read(sketch, point), recipe_weights(recipe)
    shares = change_shares(figures, sketch, weights) if shares_changes(recipe.rule) and weights is not None else None
    return shown(figures, sketch, shares, point.knob if known else None, label, remark, point.notice)


def shown(
    figures: Figures,
    sketch: Sketch,
    shares: pandas.DataFrame | None,
    knob: str | None,
    label: str,
    remark: str,
    notice: str,
) -> Preview:
    """The preview computed from `figures`."""
    return Preview(
        _cells(figures, sketch),
        _kept(figures, sketch),
        _experts(figures, sketch),
        histogram(sketch),
        shares,
        _numbers(figures),
        knob,
        label,
        remark,
        notice,
        figures,
    )


def narrowed(found: Preview, sketch: Sketch, tensors: Tensors | None) -> Preview:
    """The preview with `experts`, `histogram` and `numbers` limited to some tensors; the tables by layer still cover all."""
    if tensors is None:
        return found
    some = found.figures.of(tensors)
    return replace(found, experts=_experts(some, sketch), histogram=histogram(sketch, tensors), numbers=_numbers(some))


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
    counts, shares = ["entries", "conflicting"], ["conflict_of_all", "conflict", "cancellation", "coactive", "active"]
    return cells[["layer", "module", *counts, *shares]]


def _kept(figures: Figures, sketch: Sketch) -> pandas.DataFrame:
    """The share of weights that each expert keeps per layer, which shows the effect of a model-wide threshold."""
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
        share(figures.conflicting.sum(), figures.entries.sum()),
        share(figures.conflicting.sum(), figures.overlapping.sum()),
        share(figures.overlapping.sum(), figures.entries.sum()),
        1 - share(figures.net.sum(), over_experts(figures.norms_l1, 1).sum()),
        over_experts(figures.kept.sum(0) / changed, 0) / len(whole),
        over_experts(figures.energy.sum(0) / whole, 0) / len(whole),
    )
    return tuple(
        Number(name, float(value), _percent(float(value)), help)
        for (name, help), value in zip(NUMBERS.items(), values, strict=True)
    )


CONFLICTING, AMONG_SHARED = "Conflicting weights", "Conflict among shared weights"
"""The two shares of conflicts: of all weights, which is the headline, and of those that several experts keep."""
NUMBERS = {
    CONFLICTING: "Share of all weights that experts pull in opposite directions",
    AMONG_SHARED: "Of the shared weights, the share that experts pull in opposite directions",
    "Shared weights": "Share of all weights kept by at least two experts",
    "Cancelled": "How much of the kept change cancels out when summed",
    "Kept": "Average share of each expert's weights that survive",
    "Energy kept": "Average share of each change's squared size that survives",
}


def _percent(share: float) -> str:
    return "–" if numpy.isnan(share) else f"{100 * share:.1f} %"
