"""The weighted sum of the experts' weights, not divided by anything."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import ANY, PerModel
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.ops.reason import Reason, short
from mergelab.methods.registry import method


def plain_sum(models: Tensor, *, weights: Tensor) -> Reason:
    """Every expert counts by its factor; the factors' sum scales what the experts share."""
    total = float(weights.double().sum())
    sentence = (
        "The sum of the experts’ weights × factor; in changes: {terms}."
        if abs(total - 1) < 1e-6
        else f"The sum of the experts’ weights × factor, {{coefficients}}. The factors sum to {short(total)}, so the base’s part is scaled too."
    )
    return Reason((sentence,), coefficients=per_model(weights, models), step="weigh")


@method(
    "Weighted sum",
    space="weights",
    paper="mergekit, Goddard et al. 2024, arXiv:2403.13257",
    keeps_equal=False,
    elementwise=True,
    why=plain_sum,
    combines="sum",
)
def weighted_sum(
    models: Tensor,
    *,
    weights: A[
        Tensor, PerModel(-2.0, 2.0, 0.05, "Factor on this expert's weights; the factors should sum to 1", valid=ANY)
    ],
) -> Tensor:
    """The sum of the experts' weights, each times its factor.

    `models` is (n_models, *shape) in float32; returns (*shape). The base is not used. Factors that do not sum to 1 also
    scale the model: with 1 and 1 every weight is about twice as large.
    """
    return (per_model(weights, models) * models).sum(0)
