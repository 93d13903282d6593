"""The table of sparsifiers: steps that drop part of each delta before the merge."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from mergelab.methods.registry import Elementwise, Rule

SPARSIFIERS: dict[str, Rule] = {}


def sparsifier(
    title: str, *, paper: str, alone: bool = True, elementwise: Elementwise = False, by_row: bool = False
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register a function `(deltas (n_models, *shape), *, knobs…) -> deltas of the same shape` under its own name.

    `alone` is False where what an expert keeps depends on the other experts; `elementwise` as for methods, with `by_row`
    where it is the rows that are treated by themselves: all entries of one place on the first axis, or below two axes the
    whole tensor.
    """

    def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        SPARSIFIERS[function.__name__] = Rule.read(
            function, title, "deltas", paper, alone=alone, elementwise=elementwise, by_row=by_row
        )
        return function

    return register
