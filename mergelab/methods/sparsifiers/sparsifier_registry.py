"""The registry of sparsifiers, which drop part of each delta before the merge."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from mergelab.methods.registry import Elementwise, Rule, Why

SPARSIFIERS: dict[str, Rule] = {}


def sparsifier(
    title: str,
    *,
    paper: str,
    alone: bool = True,
    elementwise: Elementwise = False,
    by_row: bool = False,
    why: Why | None = None,
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register a function `(deltas (n_models, *shape), *, knobs…) -> deltas of the same shape` under its own name.

    `alone` is False if the entries kept of an expert depend on the other experts. `elementwise` is as for methods; if
    `by_row`, the independent units are rows: all entries at one index of the first axis, or the whole tensor if it has
    fewer than two axes. `why` gets the deltas before and after, knobs and figures of surveys.
    """

    def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        SPARSIFIERS[function.__name__] = Rule.read(
            function, title, "deltas", paper, alone=alone, elementwise=elementwise, by_row=by_row, why=why
        )
        return function

    return register
