"""The magnitude that a density keeps from: exact, model-wide or per tensor, without sorting.

The order of non-negative IEEE floats is the order of their bit patterns. A histogram of the upper 16 bits finds the bin
that holds the m-th largest magnitude, a second one of the lower 16 bits finds the magnitude inside that bin; histograms
of tensors add up to the model's, so the whole model never lies in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mergelab.methods.ops import count_kept, rows
from mergelab.methods.registry import Stack

BINS = 1 << 16
NEVER = float("inf")


def magnitude_bits(values: Tensor) -> Tensor:
    """The bit patterns of float32 magnitudes as int32: same order as the magnitudes."""
    return values.abs().contiguous().view(torch.int32)


def add_counts(histogram: Tensor, bins: Tensor) -> None:
    """Count `bins` into `histogram` (BINS,), int64 on the CPU; a short row touches only the bins it has."""
    if bins.numel() < BINS:
        places = bins.cpu().long()
        histogram.index_add_(0, places, torch.ones_like(places))
    else:
        histogram += torch.bincount(bins, minlength=BINS).cpu()


class Thresholds:
    """A survey that gives, per model, the m-th largest magnitude of all tensors, m = density · count.

    A tensor that no model changed, such as a frozen embedding, does not count. Zeros are never kept: where the m-th
    largest is 0 the threshold is the smallest positive float.
    """

    def __init__(self, n_models: int, density: float) -> None:
        self.density, self.passes = density, 2
        self.upper = torch.zeros(n_models, BINS, dtype=torch.int64)
        self.lower = torch.zeros(n_models, BINS, dtype=torch.int64)
        self.n_models, self.count = n_models, 0
        self.chosen: list[tuple[int, int]] = []

    def see(self, stack: Stack) -> None:
        """Add one tensor to the histograms of this pass."""
        if not stack.values.any():
            return
        self.count += stack.values[0].numel() if self.passes == 2 else 0
        for model, values in enumerate(rows(stack.values)):
            if self.passes == 2:
                self._see_upper(model, values)
            else:
                self._see_lower(model, values)

    def _see_upper(self, model: int, values: Tensor) -> None:
        add_counts(self.upper[model], magnitude_bits(values) >> 16)

    def _see_lower(self, model: int, values: Tensor) -> None:
        bits = magnitude_bits(values)
        inside = bits[(bits >> 16) == self.chosen[model][0]]
        add_counts(self.lower[model], inside & 0xFFFF)

    def turn(self) -> None:
        """After the first pass choose each model's bin."""
        if self.passes == 2:
            wanted = count_kept(self.density, self.count)
            self.chosen = [_bin_holding(histogram, wanted) for histogram in self.upper]
        self.passes -= 1

    def result(self) -> Tensor:
        """float32 (n_models,): keep an entry iff its magnitude is at least this; inf keeps none."""
        return torch.tensor([self._threshold(model) for model in range(self.n_models)])

    def _threshold(self, model: int) -> float:
        upper, left = self.chosen[model]
        if left == 0:
            return NEVER
        lower, _ = _bin_holding(self.lower[model], left)
        bits = max(1, (upper << 16) | lower)
        return torch.tensor(bits, dtype=torch.int32).view(torch.float32).item()


class NoThresholds:
    """Stands in for `Thresholds` when each tensor has its own: nothing to survey."""

    passes = 0

    def see(self, stack: Stack) -> None:
        """Never called."""

    def turn(self) -> None:
        """Never called."""

    def result(self) -> None:
        """Nothing: the rule then takes the thresholds of the tensor at hand."""
        return


def survey_thresholds(n_models: int, settings: Mapping[str, Any]) -> Thresholds | NoThresholds:
    """The survey that `density` and `scope` call for."""
    return Thresholds(n_models, settings["density"]) if settings["scope"] == "model" else NoThresholds()


def own_thresholds(deltas: Tensor, density: float) -> Tensor:
    """The thresholds of one stack (n_models, *shape) by itself, float32 (n_models,)."""
    survey = Thresholds(len(deltas), density)
    while survey.passes:
        survey.see(Stack("", deltas, {}))
        survey.turn()
    return survey.result().to(deltas.device)


def _bin_holding(histogram: Tensor, m: int) -> tuple[int, int]:
    """The bin of the m-th largest entry, and how many of that bin are wanted; (0, 0) when m is 0."""
    if m == 0:
        return 0, 0
    from_top = histogram.flip(0).cumsum(0)
    place = int(torch.searchsorted(from_top, m))
    above = int(from_top[place - 1]) if place else 0
    return BINS - 1 - place, m - above
