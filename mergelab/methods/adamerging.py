"""AdaMerging: task arithmetic whose coefficients are learned on unlabelled rows."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import ANY, FROM_0, Choice, Range
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.registry import Shape, Statistic, method


def one_number(shape: Shape) -> Shape:
    """Each tensor has a single coefficient."""
    return ()


@method("AdaMerging", space="deltas", paper="Yang et al. 2024, arXiv:2310.02575", keeps_equal=False, elementwise=True)
def adamerging(
    deltas: Tensor,
    *,
    granularity: A[
        str, Choice(("tensor", "model"), "Learn a coefficient for every tensor of every expert, or one for each expert")
    ] = "tensor",
    init: A[
        float,
        Range(
            0.0, 1.0, 0.05, "Every coefficient before learning; 0.3 is task arithmetic's own", varies=False, valid=ANY
        ),
    ] = 0.3,
    steps: A[
        int,
        Range(
            0,
            2000,
            10,
            "How often the coefficients are adjusted; 0 leaves task arithmetic",
            varies=False,
            valid=(0, 100_000),
        ),
    ] = 100,
    lr: A[
        float,
        Range(
            0.0,
            0.1,
            0.001,
            "How far a coefficient moves in one step (Adam's learning rate)",
            varies=False,
            valid=FROM_0,
        ),
    ] = 0.001,
    coefficients: A[Tensor | None, Statistic("coefficients", shape=one_number)] = None,
) -> Tensor:
    """Add the deltas with coefficients that make the merged model sure of its answers on every expert's task.

    `deltas` is (n_models, *shape) in float32, expert minus base; `coefficients` (n_models,), one for this tensor of each
    expert; returns (*shape), to be added to the base. The knobs are used where the coefficients are learnt.
    """
    if coefficients is None:
        raise ValueError(
            "adamerging needs a coefficient for each tensor: give statistics={'coefficients': {name: {key: number}}}"
        )
    return (per_model(coefficients, deltas) * deltas).sum(0)
