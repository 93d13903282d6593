"""One tensor of all experts, as rules and surveys receive it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy
import torch
from torch import Tensor

from mergelab.methods.ops.elementwise import (
    any_nonzero,
    elected_signs,
    magnitudes,
    per_model,
    rows,
    zero_below_threshold,
)

BINS = 1 << 16
SIDE = 1 << 8
ONE = torch.ones(1, dtype=torch.int64)


class KernelUnsupportedError(Exception):
    """Raised for a stack that a fused kernel cannot process, such as one with NaN; the reference function then runs."""


@dataclass
class Stack:
    """A tensor of all experts, in the engine's fixed order of experts.

    For elementwise rules it may also be a chunk of a tensor, or several small tensors concatenated; `key` is then the
    name of the first. `values` is (n_models, *shape): deltas or weights, depending on the rule's space; float32, or float64
    where a model stores the tensor in float64.
    `statistics` holds one tensor per kind that the rule declares. `settings` holds the knobs for this tensor and the
    results of earlier surveys. `whole` is False for a chunk.
    """

    key: str
    values: Tensor
    statistics: Mapping[str, Tensor] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = True

    @property
    def count(self) -> int:
        """Number of entries per model."""
        return self.values[0].numel()

    def any(self) -> bool:
        """Whether any value of any model is nonzero."""
        return any_nonzero(self.values)

    def moved(self) -> Mapping[str, bool]:
        """For each tensor in the stack, by name: whether any value of any model is nonzero."""
        return {self.key: self.any()}

    def counts(self) -> Mapping[str, int]:
        """For each tensor in the stack, by name: the number of entries per model."""
        return {self.key: self.count}

    def upper_counts(self) -> Tensor:
        """Histograms of the upper 16 bits of each model's magnitudes, int64 (n_models, BINS)."""
        counts = _no_counts(len(self.values))
        self.add_upper_counts(counts)
        return counts

    def signed_counts(self) -> Tensor:
        """Histograms of the upper 16 bits including the sign, int64 (n_models, BINS).

        Magnitude b is counted in bin b for positive values and in bin BINS / 2 + b for negative ones.
        """
        counts = _no_counts(len(self.values))
        for total, values in zip(counts, rows(self.values), strict=True):
            _count((values.float().contiguous().view(torch.int32) >> 16) & 0xFFFF, total)
        return counts

    def add_upper_counts(self, totals: Sequence[Tensor] | Tensor) -> None:
        """Add the upper counts to `totals`, int64 (BINS,) per model."""
        for total, values in zip(totals, rows(self.values), strict=True):
            _count(magnitude_bits(values) >> 16, total)

    def lower_counts(self, upper: Sequence[int]) -> Tensor:
        """Histograms of the lower 16 bits of the magnitudes whose upper 16 bits equal the model's entry in `upper`."""
        counts = _no_counts(len(self.values), 1)
        self.add_lower_counts([[each] for each in upper], list(counts))
        return counts[:, 0]

    def add_lower_counts(self, bins: Sequence[Sequence[int]], totals: Sequence[Tensor]) -> None:
        """Add the lower counts of several upper bins, at least one per model, to `totals`, int64 (bins, BINS) per model."""
        for values, own, total in zip(rows(self.values), bins, totals, strict=True):
            bits = magnitude_bits(values)
            for upper, counts in zip(own, total, strict=True):
                _count(_inside(bits, upper), counts)

    def largest(self, wanted: Sequence[int]) -> Tensor:
        """The m-th largest magnitude per model, float32 (n_models,), with one m per model in `wanted`; inf where m is 0.

        Found by histograms of the upper and the lower 16 bits of the float patterns, which sort like the magnitudes.
        """
        upper = self.upper_counts()
        places = [bin_holding(row, m) for row, m in zip(upper, wanted, strict=True)]
        lower = self.lower_counts([place for place, _ in places])
        pairs = zip(lower, places, strict=True)
        return torch.tensor([magnitude(row, *place) for row, place in pairs])

    def largest_at(self, wanted: Sequence[Sequence[int]]) -> Tensor | None:
        """The results of `largest` for each of `wanted`, float32 (n_points, n_models).

        None if counting the lower bits is as fast.
        """
        return None

    def election(self, thresholds: Tensor, weights: Tensor | None, by: str) -> int:
        """The sum of the elected signs (-1, 0, 1) over all entries.

        Values with magnitudes at or above `thresholds` vote, multiplied by `weights` if given.
        """
        kept = zero_below_threshold(self.values, thresholds)
        votes = kept if weights is None else kept * per_model(weights, kept)
        return int(elected_signs(votes, by).sum(dtype=torch.float64))

    def elections(self, thresholds: Tensor, weights: Tensor | None, by: str) -> list[int]:
        """The `election` for each row of `thresholds` (n_points, n_models)."""
        return [self.election(row, weights, by) for row in thresholds]


def magnitude_bits(values: Tensor) -> Tensor:
    """The bit patterns of float32 magnitudes as int32, which sort like the magnitudes."""
    return magnitudes(values).contiguous().view(torch.int32)


def _inside(bits: Tensor, upper: int) -> Tensor:
    return bits[(bits >> 16) == upper] & 0xFFFF


def _no_counts(*shape: int) -> Tensor:
    return torch.zeros(*shape, BINS, dtype=torch.int64)


def _count(bins: Tensor, total: Tensor) -> None:
    """Count `bins` into `total` (BINS,), which is on the CPU. A histogram of its own would take longer for a small tensor, which
    has far fewer entries than there are bins."""
    if bins.is_cpu:
        total.index_add_(0, bins, ONE.expand(len(bins)))
    else:
        total += torch.bincount(bins, minlength=BINS).cpu()


def bin_holding(histogram: Tensor, m: int) -> tuple[int, int]:
    """The bin of the m-th largest entry, and the entry's rank from the top within that bin; (0, 0) if m is 0."""
    if m == 0:
        return 0, 0
    counts = histogram.reshape(SIDE, SIDE)  # finding the block of bins first avoids a cumulative sum over all bins
    row, left = _from_top(counts.sum(1), m)
    column, left = _from_top(counts[row], left)
    return row * SIDE + column, left


def _from_top(counts: Tensor, m: int) -> tuple[int, int]:
    from_top = counts.flip(0).cumsum(0)
    place = int(torch.searchsorted(from_top, m))
    return len(counts) - 1 - place, m - (int(from_top[place - 1]) if place else 0)


def magnitude(lower: Tensor, upper: int, left: int) -> float:
    """The `left`-th largest magnitude with upper bits `upper`, given the histogram of its lower bits; inf if `left` is 0."""
    if left == 0:
        return float("inf")
    return float(numpy.uint32((upper << 16) | bin_holding(lower, left)[0]).view(numpy.float32))
