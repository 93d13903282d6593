"""The table of sparsifiers: steps that drop part of each delta before the merge."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from mergelab.methods.registry import Rule

SPARSIFIERS: dict[str, Rule] = {}


def sparsifier(title: str, *, paper: str) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register a function `(deltas (n_models, *shape), *, knobs…) -> deltas of the same shape` under its own name."""

    def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        SPARSIFIERS[function.__name__] = Rule.read(function, title, "deltas", paper)
        return function

    return register
