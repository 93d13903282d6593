"""Task arithmetic: add the experts' task vectors (deltas) to the base."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import ANY, PerModel, Range
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.registry import method


@method(
    "Task arithmetic", space="deltas", paper="Ilharco et al. 2023, arXiv:2212.04089", elementwise=True, combines="sum"
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
            "Multiplies the summed deltas; 1/(number of experts) gives their average, too large a value breaks the model",
            valid=ANY,
        ),
    ] = 0.3,
) -> Tensor:
    """The base plus the scaled sum of the experts' deltas.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base.
    """
    return scale * (per_model(weights, deltas) * deltas).sum(0)
