"""AdaMerging: task arithmetic with coefficients learned on unlabelled calibration examples."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import ANY, FROM_0, Choice, Range
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.ops.reason import Reason
from mergelab.methods.registry import Shape, Statistic, method


def one_number(shape: Shape) -> Shape:
    """The shape of a coefficient: one number per tensor."""
    return ()


def learned_sum(deltas: Tensor, *, coefficients: Tensor) -> Reason:
    """Every change counts, times the coefficient learned for its expert in this tensor."""
    sentence = "The sum of the changes, each times its coefficient learned on calibration examples: {terms}."
    return Reason((sentence,), coefficients=per_model(coefficients, deltas), step="weigh")


@method(
    "AdaMerging",
    space="deltas",
    paper="Yang et al. 2024, arXiv:2310.02575",
    keeps_equal=False,
    elementwise=True,
    why=learned_sum,
)
def adamerging(
    deltas: Tensor,
    *,
    granularity: A[
        str, Choice(("tensor", "model"), "Learn one coefficient per tensor and expert, or one per expert")
    ] = "tensor",
    init: A[
        float,
        Range(0.0, 1.0, 0.05, "Initial value of all coefficients; task arithmetic uses 0.3", varies=False, valid=ANY),
    ] = 0.3,
    steps: A[
        int, Range(0, 2000, 10, "Optimisation steps; 0 is plain task arithmetic", varies=False, valid=(0, 100_000))
    ] = 100,
    lr: A[
        float,
        Range(
            0.0,
            0.1,
            0.001,
            "Adam's learning rate: about how far a coefficient moves per step",
            varies=False,
            valid=FROM_0,
        ),
    ] = 0.001,
    coefficients: A[Tensor | None, Statistic("coefficients", shape=one_number)] = None,
) -> Tensor:
    """Sum the experts' changes, with coefficients that make the merged model's predictions surest on unlabelled examples.

    `deltas` is (n_models, *shape) in float32, expert minus base; `coefficients` is (n_models,), one per expert for this
    tensor; returns (*shape), to be added to the base. The knobs are read only by the code that learns the coefficients.
    """
    if coefficients is None:
        raise ValueError(
            "adamerging needs one coefficient per expert and tensor: "
            "give statistics={'coefficients': {name: {key: number}}}"
        )
    return (per_model(coefficients, deltas) * deltas).sum(0)
