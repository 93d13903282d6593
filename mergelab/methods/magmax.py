"""MagMax: keep the change of largest magnitude per entry."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import ANY, Choice, Range
from mergelab.methods.registry import Position, method


@method("MagMax", space="deltas", paper="Marczak et al. 2024, arXiv:2407.06322", elementwise=True)
def magmax(
    deltas: Tensor,
    *,
    scale: A[float, Range(0.0, 2.0, 0.05, "Multiplies the merged delta", valid=ANY)] = 0.5,
    equal: A[
        str,
        Choice(
            ("positive", "first", "last"),
            "Which of two opposite deltas of equal magnitude wins: the positive one, the first expert's, or the last expert's (authors' code)",
        ),
    ] = "positive",
    position: A[Tensor | None, Position()] = None,
) -> Tensor:
    """For each entry, take the delta of largest magnitude over the experts.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base.
    """
    if equal == "positive":
        high, low = deltas.amax(0), deltas.amin(0)
        return scale * torch.where(high >= -low, high, low)
    order = list(range(len(deltas))) if position is None else position.argsort().tolist()
    return scale * _largest(deltas, order if equal == "first" else order[::-1])


def _largest(deltas: Tensor, order: list[int]) -> Tensor:
    """The delta of largest magnitude per entry; of equal magnitudes, that of the model that comes first in `order`."""
    winner = deltas[order[0]]
    for place in order[1:]:
        winner = torch.where(deltas[place].abs() > winner.abs(), deltas[place], winner)
    return winner
