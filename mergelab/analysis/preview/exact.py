"""The exact figures of a recipe, counted entry by entry on the tensors of its merge."""

from __future__ import annotations

from typing import Any

import numpy
import pandas
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.interference import interference
from mergelab.analysis.preview.expert_shares import change_shares, merge_weights, shares_changes, strength_shares
from mergelab.analysis.preview.kept_sums import Figures
from mergelab.analysis.preview.preview import Preview, shown
from mergelab.analysis.preview.sketch_reader import has_line
from mergelab.analysis.sketch import Sketch, operating_point, pairs_of, ranked
from mergelab.engine import PreparedMerge, kept_deltas
from mergelab.methods.ops.elementwise import rows
from mergelab.runtime.progress import Progress, ProgressGen

ALIKE = ("active", "overlapping", "conflicting", "against_count", "net", "agreement", "sign_agreement")
COUNTED = "Counted weight by weight on the tensors of this merge."


def exact_preview(prepared: PreparedMerge, sketch: Sketch) -> ProgressGen[Preview]:
    """Like `preview`, but counted on the deltas that the prepared merge keeps."""
    point = operating_point(prepared.plan.recipe)
    figures = yield from _count(prepared, sketch)
    if not has_line(point):
        figures.thresholds.fill(numpy.nan)
    return shown(figures, sketch, _shares(prepared, sketch, figures), point.knob, "exact", COUNTED, point.notice)


def _shares(prepared: PreparedMerge, sketch: Sketch, figures: Figures) -> pandas.DataFrame | None:
    """How much each expert decides; None for methods in which nobody has a share."""
    rule, weights = prepared.method.rule, merge_weights(prepared)
    if rule.strengths:
        return strength_shares(prepared, sketch)
    return change_shares(figures, sketch, weights) if shares_changes(rule) and weights is not None else None


def _count(prepared: PreparedMerge, sketch: Sketch) -> ProgressGen[Figures]:
    plan, found = prepared.plan, []
    order = numpy.array(plan.listed)
    for number, key in enumerate(plan.keys, 1):
        found.append(_counted(rows(kept_deltas(prepared, key)), ranked(prepared, key), order))
        yield Progress("Counting conflicts", number, len(plan.keys), key)
    columns = {name: numpy.array([each[name] for each in found]) for name in found[0]}
    lowest = columns.pop("lowest").min(0)
    moved = columns["whole"].sum(1) > 0
    return Figures(
        entries=sketch.entries,
        changed=numpy.where(moved, sketch.entries, 0),
        thresholds=numpy.where(numpy.isfinite(lowest), lowest, numpy.nan),
        **columns,
    )


def _counted(kept: Tensor, inputs: Tensor, order: NDArray[numpy.int64]) -> dict[str, Any]:
    """The figures of one tensor; `order` maps each expert of the recipe to its model in the stack."""
    sums = interference(kept)
    i, j = order[numpy.array(pairs_of(len(order)), dtype=int).reshape(-1, 2).T]
    of_experts = {
        "kept": sums.kept,
        "norms_l1": sums.norms_l1,
        "squares": sums.products.diagonal(),
        **_sizes(kept, inputs),
    }
    return {
        **{name: getattr(sums, name) for name in ALIKE},
        **{name: each.cpu().numpy().astype(float)[order] for name, each in of_experts.items()},
        **{name: getattr(sums, name).cpu().numpy().astype(float)[i, j] for name in ("shared", "opposed", "products")},
    }


def _sizes(kept: Tensor, inputs: Tensor) -> dict[str, Tensor]:
    """Per model: the squared norm kept before any rescaling, that of the whole delta, the smallest kept magnitude."""
    survives, magnitudes = kept != 0, inputs.double().abs()
    squares = magnitudes.square()
    lowest = torch.where(survives, magnitudes, torch.inf)
    return {
        "energy": (squares * survives).sum(1),
        "whole": squares.sum(1),
        "lowest": lowest.amin(1) if kept.numel() else torch.full((len(kept),), torch.inf),
    }
