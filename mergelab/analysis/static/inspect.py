"""The static figures of a plan, tensor by tensor: before anything is dropped, weighed or merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas
import torch

from mergelab.analysis.static.aggregation import grouped
from mergelab.analysis.static.agreement import agreement
from mergelab.analysis.static.coverage import coverage
from mergelab.analysis.static.figure import Figure
from mergelab.analysis.static.layer_order import depth_of
from mergelab.analysis.static.moments import Moments, moments
from mergelab.analysis.static.spectra.spectral_figures import TOP, WIDEST, spectral
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.engine import Plan, PreparedMerge, deltas, in_order
from mergelab.runtime.progress import Progress, ProgressGen


@dataclass(frozen=True)
class Inspection:
    """What deltas look like before a method touches them.

    `experts` are in the recipe's order; `top` is the most directions that were compared. `coverage` is the table of that
    name. `tensors` has a row for each figure of each merged tensor: key, layer, module, entries, figure, of, value, status,
    reason. `groups` has the same figures of every "layer", "module" and "cell" of both, and of the "model", which `kind` tells: kind, name,
    figure, of, value, entries and tensors measured, entries in all, tensors in all, status, reason. `sums` are what norms
    and cosines are read from, by tensor; `features` is what `cka_by_layer` gives, where it was asked for.
    """

    experts: tuple[str, ...]
    top: int
    coverage: pandas.DataFrame
    tensors: pandas.DataFrame
    groups: pandas.DataFrame
    sums: Mapping[str, Moments]
    features: pandas.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class TensorResult:
    """One tensor: its sums and all its figures."""

    key: str
    sums: Moments
    figures: Sequence[Figure]


def inspect(plan: Plan, device: str = "cpu", top: int = TOP, widest: int = WIDEST) -> ProgressGen[Inspection]:
    """Look at every merged tensor of a plan; yields after each one, so that it can be stopped there.

    In memory are as many tensors as torch has threads, of all models, in float32; equal bits on any number of threads.
    Raises MergeError where a model holds NaN or infinity.
    """
    if top < 1:
        raise ValueError(f"the number of leading directions must be at least 1, got {top}")
    prepared = PreparedMerge.unsurveyed(plan, device)
    experts = tuple(plan.experts[place].name for place in plan.listed)
    look = partial(_seen, prepared, experts, top, widest)
    found: list[TensorResult] = []
    for seen in in_order(look, plan.keys, torch.get_num_threads() if device == "cpu" else 1):
        found.append(seen)
        yield Progress("Inspecting", len(found), len(plan.keys), seen.key)
    tensors = _tensor_table(plan, sorted(found, key=lambda seen: depth_of(seen.key)))
    sums = {seen.key: seen.sums for seen in found}
    return Inspection(experts, top, coverage(plan), tensors, grouped(tensors, sums, experts), sums)


def _seen(prepared: PreparedMerge, experts: Sequence[str], top: int, widest: int, key: str) -> TensorResult:
    """Look at one tensor in the plan's order of experts, and tell it in the recipe's, which `experts` are in."""
    order = prepared.plan.listed
    changes = deltas(prepared, key)
    base = prepared.plan.base.read(key).to(prepared.device).float()
    sums = moments(base, changes).listed(order)
    return TensorResult(key, sums, [*agreement(sums, experts), *spectral(changes, experts, order, top, widest)])


def _tensor_table(plan: Plan, found: Sequence[TensorResult]) -> pandas.DataFrame:
    rows = [
        (
            seen.key,
            *address(seen.key),
            plan.base.specs[seen.key].count,
            each.name,
            each.of,
            each.value,
            each.status,
            each.reason,
        )
        for seen in found
        for each in seen.figures
    ]
    columns = ["key", "layer", "module", "entries", "figure", "of", "value", "status", "reason"]
    return pandas.DataFrame(rows, columns=columns)
