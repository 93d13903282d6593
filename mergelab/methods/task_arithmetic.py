"""Task arithmetic: add the experts' task vectors (deltas) to the base."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import ANY, PerModel, Range
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.ops.reason import Reason, times
from mergelab.methods.registry import method


def scaled_sum(deltas: Tensor, *, weights: Tensor, scale: float) -> Reason:
    """Every change counts, times its expert's weight and the scale."""
    factors = per_model(weights, deltas)
    weighted = " × weight" if bool((weights != 1).any()) else ""
    sentence = f"Nothing is outvoted: the sum of the changes{weighted}{times(scale)}: {{terms}}."
    return Reason((sentence,), coefficients=scale * factors, step="weigh", values=factors * deltas)


@method(
    "Task arithmetic",
    space="deltas",
    paper="Ilharco et al. 2023, arXiv:2212.04089",
    elementwise=True,
    combines="sum",
    why=scaled_sum,
)
def task_arithmetic(
    deltas: Tensor,
    *,
    weights: A[
        Tensor,
        PerModel(
            -2.0, 2.0, 0.05, "Strength of this expert; a negative weight makes the model unlearn its task", valid=ANY
        ),
    ],
    scale: A[
        float,
        Range(
            -2.0,
            2.0,
            0.05,
            "Multiplies the summed changes; 1/(number of experts) is the average, larger values amplify the experts and eventually break the model",
            valid=ANY,
        ),
    ] = 0.3,
) -> Tensor:
    """The base plus the scaled sum of the experts' changes.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base.
    """
    return scale * (per_model(weights, deltas) * deltas).sum(0)
