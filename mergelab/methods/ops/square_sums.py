"""Sums of squares per model over many tensors."""

from __future__ import annotations

import math
from threading import Lock

import torch
from torch import Tensor

from mergelab.linalg import summed
from mergelab.methods.ops.elementwise import rows


class Squares:
    """Sums of squares of `n_models` models. Threads may add tensors in any order, because partial sums are added exactly."""

    def __init__(self, n_models: int) -> None:
        self._parts: list[list[float]] = [[] for _ in range(n_models)]
        self._lock = Lock()

    def add(self, stack: Tensor) -> None:
        """Add the entries of `stack` (n_models, *shape)."""
        found = squares_of(stack).tolist()
        with self._lock:
            for part, value in zip(self._parts, found, strict=True):
                part.append(value)

    def norms(self) -> Tensor:
        """The square roots of the sums, float64 (n_models,)."""
        return torch.tensor([math.sqrt(math.fsum(part)) for part in self._parts], dtype=torch.float64)


def squares_of(stack: Tensor) -> Tensor:
    """The sum of squares of each model of `stack` (n_models, *shape), float64 (n_models,)."""
    return summed(rows(stack), torch.square)
