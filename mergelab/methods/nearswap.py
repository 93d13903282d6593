"""NearSwap: take the expert's weight where it is near the base's."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import FROM_0, Range
from mergelab.methods.ops.reason import NO_CHANGE, Reason, first_of, short
from mergelab.methods.registry import method


def cut_or_whole(deltas: Tensor, *, t: float) -> Reason:
    """A small change is taken whole, a large one is cut to the limit."""
    (delta,) = deltas
    sentences = (
        NO_CHANGE,
        f"The change is at most t = {short(t)}, so it is taken whole.",
        f"The change is larger than t = {short(t)}, so it is cut to that size.",
    )
    kept = torch.where(deltas == 0, 1.0, deltas.clamp(-t, t) / torch.where(deltas == 0, 1.0, deltas))
    return Reason(sentences, first_of(delta == 0, delta.abs() <= t), coefficients=kept)


@method(
    "NearSwap",
    space="deltas",
    paper="alchemonaut 2024, model card of QuartetAnemoi-70B-t0.0001",
    models=1,
    elementwise=True,
    why=cut_or_whole,
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
