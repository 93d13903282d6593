"""Matching norms: every expert's delta is scaled to the experts' mean L2 norm, so that none drowns the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.knobs import Choice
from mergelab.methods.ops import per_model, rows
from mergelab.methods.registry import Rule, Stack, Surveyed

SCOPE = Choice(("tensor", "model"), "Compare norms tensor by tensor, or over the whole model")


class Norms:
    """A survey of each expert's L2 norm, summed in float64."""

    passes = 1

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.scope = str(settings[0]["scope"])
        self.squares = torch.zeros(n_models, dtype=torch.float64)
        self.lock = Lock()

    def see(self, stack: Stack) -> None:
        """Add one tensor's squares."""
        squares = rows(stack.values).double().square().sum(1).cpu()
        with self.lock:
            self.squares += squares

    def turn(self) -> None:
        """One pass is enough."""
        self.passes -= 1

    def result(self, settings: Mapping[str, Any]) -> Tensor:
        """float64 (n_models,)."""
        return self.squares.sqrt()


def match_norms(
    deltas: Tensor, *, scope: A[str, SCOPE] = "tensor", norms: A[Tensor | None, Surveyed(Norms)] = None
) -> Tensor:
    """Scale every expert's delta to the mean norm of all.

    `deltas` is (n_models, *shape) in float32. A delta of norm 0 stays 0 and does not count in the mean.
    """
    norms = rows(deltas).double().square().sum(1).sqrt() if norms is None else norms
    moved = norms > 0
    mean = norms.sum() / moved.sum().clamp(min=1)
    factors = torch.where(moved, mean / torch.where(moved, norms, 1.0), 1.0)
    return deltas * per_model(factors.float(), deltas)


MATCH_NORMS = Rule.read(match_norms, "Matching norms", "deltas", "", elementwise=True)
