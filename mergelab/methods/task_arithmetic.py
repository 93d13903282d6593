"""Adding task vectors to the base."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import ANY, PerModel, Range
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.registry import method


@method("Task arithmetic", space="deltas", paper="Ilharco et al. 2023, arXiv:2212.04089", elementwise=True)
def task_arithmetic(
    deltas: Tensor,
    *,
    weights: A[
        Tensor,
        PerModel(-2.0, 2.0, 0.05, "Strength of this expert; a negative weight makes the model forget it", valid=ANY),
    ],
    scale: A[
        float,
        Range(
            -2.0,
            2.0,
            0.05,
            "Factor on the summed deltas; 1/number of experts is their average, larger says more and breaks sooner",
            valid=ANY,
        ),
    ] = 0.3,
) -> Tensor:
    """The base plus the scaled sum of the experts' deltas.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base.
    """
    return scale * (per_model(weights, deltas) * deltas).sum(0)
