"""Weighted averaging of the experts' weights (model soups)."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import FROM_0, PerModel
from mergelab.methods.ops.elementwise import per_model, weighted_mean
from mergelab.methods.ops.reason import Reason, shares_of_mean
from mergelab.methods.registry import method


def fixed_shares(models: Tensor, *, weights: Tensor) -> Reason:
    """Each expert counts by its weight, the same at every weight of the model."""
    shares = shares_of_mean(per_model(weights, models).expand_as(models))
    return Reason(
        ("The mean of the experts, each by its fixed share: {terms}.",), coefficients=shares, step="weigh", mean=True
    )


@method(
    "Average",
    space="weights",
    paper="Wortsman et al. 2022, arXiv:2203.05482",
    elementwise=True,
    combines="mean",
    why=fixed_shares,
)
def average(
    models: Tensor,
    *,
    weights: A[
        Tensor, PerModel(0.0, 10.0, 0.1, "Weight of this expert; only the ratio between experts matters", valid=FROM_0)
    ],
) -> Tensor:
    """The weighted mean of the experts.

    `models` is (n_models, *shape) in float32; returns (*shape). The base is used only for tensors for which all weights are
    0: the engine keeps it there, because no expert takes part.
    """
    return weighted_mean(models, per_model(weights, models))
