"""All that the live charts show for one recipe at one density."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy
import pandas

from mergelab.analysis.preview.histogram import Histogram, histogram
from mergelab.analysis.preview.kept_sums import Figures, Tensors, over_experts, share
from mergelab.analysis.preview.sketch_reader import read
from mergelab.analysis.sketch import Sketch, operating_point
from mergelab.recipe import Recipe

UNKNOWN = "No preview for these settings; the exact figures come with the merge."


@dataclass(frozen=True)
class Number:
    """One figure of the numbers strip: its name, its value (NaN when undefined), how to print it, what it means."""

    name: str
    value: float
    text: str
    help: str


@dataclass(frozen=True)
class Preview:
    """All that the live charts show for one recipe.

    `cells`: layer, module, entries, conflict (share of overlapping entries whose signs disagree, NaN when none overlaps),
    conflict_of_all (the same as a share of all entries), cancellation (1 - Σ|Σd| / Σ|d|, NaN where nothing is kept),
    coactive and active (shares of entries); of all tensors. `kept`: layer, expert, share of the layer's entries that the
    expert keeps. `experts`: expert, kept (share of the changed entries), threshold (smallest kept magnitude, NaN when
    magnitudes do not decide), norm, mass (share of the squared norm that survives, before rescaling). `knob` names the
    knob that is the threshold line, "method.density" or "sparsify.density"; where it is None, `notice` says why there is
    no line. `label` is "preview" or "exact", or "unknown" where the sketch at hand was drawn for other settings: then all
    figures are NaN. `remark` says how the figures were come by, `figures` are what they were made of.
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
    """The figures of a recipe by look-up in a sketch made for it; `operating_point(recipe).error` says how exact they are."""
    cut = operating_point(recipe)
    known = cut.curves in sketch.curves
    label, remark = ("preview", cut.error) if known else ("unknown", UNKNOWN)
    return shown(read(sketch, cut), sketch, cut.knob if known else None, label, remark, cut.notice)


def shown(figures: Figures, sketch: Sketch, knob: str | None, label: str, remark: str, notice: str) -> Preview:
    """What is shown of some figures."""
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
    """The same with experts and numbers of some tensors only; cells stay those of all."""
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
    """Share of its entries that each expert keeps in each layer: how one threshold for the model treats them."""
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
    "Kept": "share of each expert's changed entries that take part, mean over experts",
    "Energy kept": "share of the squared norm of each delta that survives, mean over experts, before rescaling",
    "Overlap": "share of all entries that two or more experts keep",
    "Conflict": "share of those overlapping entries on which the experts' signs disagree",
    "Cancelled": "share of the kept changes' total magnitude that opposite signs cancel: 1 − |Σd| / Σ|d|",
}


def _percent(share: float) -> str:
    return "–" if numpy.isnan(share) else f"{100 * share:.1f} %"
