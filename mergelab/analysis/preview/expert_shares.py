"""How much of a merge each expert decides, in every layer and module."""

from __future__ import annotations

import numpy
import pandas
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.preview.kept_sums import Figures, over_experts, share
from mergelab.analysis.sketch import Sketch
from mergelab.engine import Chunk, PreparedMerge
from mergelab.engine.tensor_job import TensorJob
from mergelab.methods.registry import Rule
from mergelab.recipe import Recipe

Weights = NDArray[numpy.float64]
"""Every expert's weight in every tensor, (n_tensors, n_experts), or alike in all tensors, (n_experts,)."""


def shares_changes(rule: Rule) -> bool:
    """Whether the merged delta is a sum or a mean of the experts', so that each has a share of it."""
    return rule.combines in ("sum", "mean")


def recipe_weights(recipe: Recipe) -> Weights | None:
    """The weights that a recipe gives its experts; None if an override changes one, which only a merge resolves."""
    varied = {name.rpartition(".")[2] for override in recipe.overrides for name in override.knobs}
    return None if varied & {"weight", "weights"} else numpy.array([expert.weight for expert in recipe.models])


def merge_weights(prepared: PreparedMerge) -> Weights | None:
    """The weights of a merge by tensor, in the recipe's order of experts; None for a method without weights."""
    knob, order = prepared.method.rule.per_model, list(prepared.plan.listed)
    if knob is None or not prepared.plan.keys:
        return None
    return numpy.array([prepared.method.settings(key)[knob.name].double().numpy()[order] for key in prepared.plan.keys])


def change_shares(figures: Figures, sketch: Sketch, weights: Weights) -> pandas.DataFrame:
    """Each expert's share of the summed change: its |weight| Σ|d| of what it keeps, divided by that of all experts.

    Columns: layer, module, expert, and share, NaN where nothing is kept.
    """
    return _by_cell(sketch, numpy.abs(weights) * figures.norms_l1)


def strength_shares(prepared: PreparedMerge, sketch: Sketch) -> pandas.DataFrame:
    """Each expert's mean share of the averaging weights of a method that declares its `strengths`; columns as in
    `change_shares`. Where all strengths of a weight are 0, the experts share it evenly, as in the method."""
    order = list(prepared.plan.listed)
    return _by_cell(sketch, numpy.array([_strengths(prepared, key)[order] for key in prepared.plan.keys]))


def _strengths(prepared: PreparedMerge, key: str) -> NDArray[numpy.float64]:
    """Per model: the sum over a tensor's weights of its share of the strengths."""
    job = TensorJob.of(prepared, prepared.method, key)
    found = [_shared_out(_strength(job, chunk)) for chunk in job.chunks()]
    summed: NDArray[numpy.float64] = torch.stack(found).sum(0).cpu().numpy()
    return summed


def _strength(job: TensorJob, chunk: Chunk) -> Tensor:
    strength = job.step.rule.strengths_of(job.arguments(chunk, job.plain_stack(chunk)))
    assert strength is not None, "only such methods have strengths"
    return strength


def _shared_out(strength: Tensor) -> Tensor:
    rows = strength.flatten(1).double()
    whole = rows.sum(0)
    return torch.where(whole == 0, 1 / len(rows), rows / whole).sum(1)


def _by_cell(sketch: Sketch, parts: NDArray[numpy.float64]) -> pandas.DataFrame:
    """The parts (n_tensors, n_experts), summed by layer and module, as shares of what all experts have there."""
    places = pandas.MultiIndex.from_arrays([sketch.layers, sketch.modules], names=["layer", "module"])
    sums = pandas.DataFrame(parts, index=places, columns=list(sketch.experts)).groupby(level=[0, 1], sort=False).sum()
    shares = share(sums.to_numpy(), over_experts(sums.to_numpy(), 1)[:, None])
    found = pandas.DataFrame(shares, index=sums.index, columns=sums.columns).reset_index()
    return found.melt(["layer", "module"], var_name="expert", value_name="share")
