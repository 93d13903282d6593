"""NearSwap: take the expert's weight where it is near the base's."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import FROM_0, Range
from mergelab.methods.registry import method


@method(
    "NearSwap",
    space="deltas",
    paper="alchemonaut 2024, model card of QuartetAnemoi-70B-t0.0001",
    models=1,
    elementwise=True,
)
def nearswap(
    deltas: Tensor,
    *,
    t: A[
        float,
        Range(0.0, 0.01, 0.0001, "Changes up to this size are taken whole, larger ones are cut to it", valid=FROM_0),
    ] = 0.0001,
) -> Tensor:
    """Move every weight towards the expert's by at most `t`.

    `deltas` is (1, *shape) in float32, expert minus base; returns (*shape), to be added to the base. The source writes
    it as an average in which the expert has weight t/|d|, at most 1.
    """
    return deltas[0].clamp(-t, t)
