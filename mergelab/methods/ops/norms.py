"""Norm matching: scale every expert's delta to the experts' mean L2 norm, so that none dominates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.linalg import folded_sum, sqrt
from mergelab.methods.knobs import Choice
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.ops.square_sums import SquareSums, squares_of
from mergelab.methods.registry import ModelStatistic, Rule, Stack

SCOPE = Choice(("tensor", "model"), "Compare norms per tensor or over the whole model")


class DeltaNorms:
    """Survey of each expert's L2 norm, summed in float64."""

    passes = 1

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.scope = str(settings[0]["scope"])
        self.squares = SquareSums(n_models)

    def update(self, stack: Stack) -> None:
        """Add the squares of one tensor."""
        self.squares.add(stack.values)

    def finish_pass(self) -> None:
        """End the only pass."""
        self.passes -= 1

    def value(self, settings: Mapping[str, Any]) -> Tensor:
        """The norms, float64 (n_models,)."""
        return self.squares.norms()


def match_norms(
    deltas: Tensor, *, scope: A[str, SCOPE] = "tensor", norms: A[Tensor | None, ModelStatistic(DeltaNorms)] = None
) -> Tensor:
    """Scale every expert's delta to the mean norm of all deltas.

    `deltas` is (n_models, *shape) in float32. A delta of norm 0 stays 0, and the mean ignores it.
    """
    norms = sqrt(squares_of(deltas)) if norms is None else norms
    moved = norms > 0
    mean = folded_sum(norms) / moved.sum().clamp(min=1)
    factors = torch.where(moved, mean / torch.where(moved, norms, 1.0), 1.0)
    return deltas * per_model(factors.to(deltas.dtype), deltas)


MATCH_NORMS = Rule.read(match_norms, "Matching norms", "deltas", "", elementwise=True)
