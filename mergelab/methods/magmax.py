"""MagMax: keep the change of largest magnitude per entry."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import ANY, Choice, Range
from mergelab.methods.ops.reason import NO_CHANGE, Reason, fates, first_of, one_of, times
from mergelab.methods.registry import Position, method


def largest_wins(deltas: Tensor, *, scale: float, equal: str, position: Tensor | None) -> Reason:
    """The change of largest magnitude is taken, the others are not."""
    taken = magmax(deltas, scale=1.0, equal=equal, position=position)
    wins, changed = deltas == taken, deltas != 0
    rivals = torch.where(wins, 0.0, deltas.abs()).amax(0)
    alone, level = changed.sum(0) == 1, rivals == taken.abs()
    sentences = (
        NO_CHANGE,
        f"Only {{who}} changes this weight, so its change is taken{times(scale)}.",
        f"Changes of {{largest}} pull both ways; the {equal} one is taken{times(scale)}, from {{who}}.",
        f"The largest change is taken{times(scale)}: {{largest}} ({{who}}); the next largest is {{next}}.",
    )
    which = first_of(taken == 0, alone, level)
    chosen = one_of(wins.int().argmax(0), len(deltas))
    lost = fates(not_the_largest=changed & ~wins)
    return Reason(sentences, which, {"largest": taken.abs(), "next": rivals}, scale * chosen, fates=lost)


@method("MagMax", space="deltas", paper="Marczak et al. 2024, arXiv:2407.06322", elementwise=True, why=largest_wins)
def magmax(
    deltas: Tensor,
    *,
    scale: A[
        float, Range(0.0, 2.0, 0.05, "Multiplies the merged change before it is added to the base", valid=ANY)
    ] = 0.5,
    equal: A[
        str,
        Choice(
            ("positive", "first", "last"),
            "Which of two opposite changes of equal magnitude wins: the positive one, the first expert's, or the last expert's (authors' code)",
        ),
    ] = "positive",
    position: A[Tensor | None, Position()] = None,
) -> Tensor:
    """For each weight, keep the expert change with the largest magnitude.

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
