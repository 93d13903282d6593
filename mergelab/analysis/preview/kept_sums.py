"""Sums over what a recipe keeps of each tensor, shared by the preview and the exact count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy
from numpy.typing import NDArray

Tensors = Sequence[int] | NDArray[numpy.int64] | NDArray[numpy.bool_]
"""Some tensors of a sketch, as numbers or as a mask."""
Sums = NDArray[Any]


@dataclass(frozen=True)
class Figures:
    """Sums over the entries of each tensor, NaN where unknown; the names are as in `Interference`.

    (n_tensors,): `entries`; `changed`, the entries if any expert changed the tensor, else 0; `active`, `overlapping`,
    `conflicting`, `against_count`, `net`, `agreement`, `sign_agreement`. (n_tensors, n_experts) in the recipe's order:
    `kept`, `norms_l1`, and `squares`, the squared norm of what is kept; `energy`, the same before any rescaling; `whole`,
    the squared norm of the whole delta. (n_tensors, n_pairs) in the order of `pairs_of`: `shared`, `opposed`,
    `products`. `thresholds` (n_experts,) are the smallest kept magnitudes, NaN if magnitude does not decide.
    """

    entries: Sums
    changed: Sums
    active: Sums
    overlapping: Sums
    conflicting: Sums
    against_count: Sums
    net: Sums
    agreement: Sums
    sign_agreement: Sums
    kept: Sums
    norms_l1: Sums
    squares: Sums
    energy: Sums
    whole: Sums
    shared: Sums
    opposed: Sums
    products: Sums
    thresholds: Sums

    def of(self, tensors: Tensors | None) -> Figures:
        """The figures of some tensors, or of all for None."""
        if tensors is None:
            return self
        chosen = numpy.asarray(tensors)
        names = [field.name for field in fields(self) if field.name != "thresholds"]
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})


def over_experts(values: Sums, axis: int) -> Sums:
    """The sum along the axis of experts, in ascending order of the values, so that a recipe's order changes no bit."""
    found: Sums = numpy.sort(values, axis).sum(axis)
    return found


def share(part: Any, whole: Any) -> Any:
    """part / whole; NaN where `whole` is 0."""
    return numpy.divide(part, numpy.where(numpy.asarray(whole) == 0, numpy.nan, whole))
