"""A chunk on the CPU: surveys' counts and fused merges, without float32 copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy
import torch
from torch import Tensor

from mergelab.kernels.arguments import ElectionParams, ShareParams, precedence
from mergelab.kernels.cpu import counting, merging, sweep_counts
from mergelab.kernels.cpu.floats import Array
from mergelab.kernels.cpu.selection import largest
from mergelab.kernels.cpu.sparsifier_mask import SparsifierMask, StoredDelta, StoredDeltas
from mergelab.kernels.cpu.stored_arrays import as_array, gathered
from mergelab.kernels.device_stack import DeviceStack
from mergelab.methods.ops.stack import BINS, KernelUnsupportedError

INFINITY = 0x7F800000
COMBINE = {
    "sum": merging.SUM,
    "count": merging.MEAN_BY_COUNT,
    "weights": merging.MEAN_BY_WEIGHTS,
    "max": merging.LARGEST,
}


class CpuStack(DeviceStack):
    """A chunk for numba's kernels."""

    @cached_property
    def experts(self) -> tuple[Array, ...]:
        """Every expert's stored numbers."""
        return tuple(as_array(tensor) for tensor in self.tensors[1:])

    @cached_property
    def deltas(self) -> StoredDeltas:
        """All models' deltas, for kernels that go over models entry by entry."""
        params = self.params
        mask = SparsifierMask(
            params.thresholds.numpy(),
            params.limits.numpy().astype(numpy.uint64),
            params.keys.numpy().astype(numpy.uint32),
            params.divisors.numpy(),
        )
        return StoredDeltas(as_array(self.tensors[0]), gathered(self.experts), mask, self.start)

    def delta(self, model: int) -> StoredDelta:
        """One model's delta, for kernels that treat models apart."""
        return StoredDelta(self.deltas.base, self.experts[model], model, self.deltas.mask, self.start)

    def any(self) -> bool:
        return any(counting.any_left(*self.delta(model)) for model in range(len(self.experts)))

    def upper_counts(self) -> Tensor:
        counts = torch.zeros(len(self.experts), BINS, dtype=torch.int64)
        self.add_upper_counts(counts)
        return counts

    def signed_counts(self) -> Tensor:
        counts = torch.zeros(len(self.experts), BINS, dtype=torch.int64)
        for model, total in enumerate(counts):
            counting.count_signed(*self.delta(model), total.numpy())
        return counts

    def add_upper_counts(self, totals: Sequence[Tensor] | Tensor) -> None:
        for model, total in enumerate(totals):
            counting.count_upper(*self.delta(model), total.numpy())

    def lower_counts(self, upper: Sequence[int]) -> Tensor:
        counts = torch.zeros(len(self.experts), 1, BINS, dtype=torch.int64)
        self.add_lower_counts([[each] for each in upper], list(counts))
        return counts[:, 0]

    def add_lower_counts(self, bins: Sequence[Sequence[int]], totals: Sequence[Tensor]) -> None:
        for model, (own, total) in enumerate(zip(bins, totals, strict=True)):
            if len(own) == 1:
                counting.count_lower(*self.delta(model), own[0], total[0].numpy())
            else:
                sweep_counts.add_lower_counts(self.delta(model), own, total.numpy())

    def largest(self, wanted: Sequence[int]) -> Tensor:
        found = [largest(*self.delta(model), m) if m else INFINITY for model, m in enumerate(wanted)]
        if None in found:
            return super().largest(wanted)
        return torch.tensor(found, dtype=torch.int32).view(torch.float32)

    def largest_at(self, wanted: Sequence[Sequence[int]]) -> Tensor:
        per_model = enumerate(zip(*wanted, strict=True))
        found = [sweep_counts.largest_at(self.delta(model), each) for model, each in per_model]
        return torch.from_numpy(numpy.stack(found, axis=1).view(numpy.float32))

    def election(self, thresholds: Tensor, weights: Tensor | None, by: str) -> int:
        factors = self._factors(weights)
        return int(counting.count_elected(*self.deltas, thresholds.numpy(), factors, by == "count"))

    def elections(self, thresholds: Tensor, weights: Tensor | None, by: str) -> list[int]:
        return sweep_counts.elections(self.deltas, thresholds.numpy(), self._factors(weights), by == "count")

    def _factors(self, weights: Tensor | None) -> Array:
        found: Array = (torch.ones(len(self.experts)) if weights is None else weights).numpy()
        return found

    def merge(self, method: str, positions: Sequence[int], merged: Tensor) -> None:
        knobs = {**self.settings, "positions": positions, "statistics": self.statistics}
        if FUSED[method](self.deltas, knobs, as_array(merged)):
            raise KernelUnsupportedError(self.key)


def _task_arithmetic(deltas: StoredDeltas, knobs: Mapping[str, Any], merged: Array) -> int:
    return int(merging.merge_linear(*deltas, knobs["weights"].numpy(), knobs["scale"], merged))


def _ties(deltas: StoredDeltas, knobs: Mapping[str, Any], merged: Array) -> int:
    params = ElectionParams.of(knobs)
    arrays = params._replace(
        thresholds=params.thresholds.numpy(), weights=params.weights.numpy(), combine=COMBINE[params.combine]
    )
    return int(merging.merge_elected(*deltas, merging.ElectionArrays(*arrays), merged))


def _average(deltas: StoredDeltas, knobs: Mapping[str, Any], merged: Array) -> int:
    return int(merging.merge_mean(deltas.experts, knobs["weights"].numpy(), merged))


def _fisher(deltas: StoredDeltas, knobs: Mapping[str, Any], merged: Array) -> int:
    params = ShareParams.of(knobs, knobs["statistics"]["fisher"])
    arrays = merging.ShareArrays(*(values.numpy() for values in params))
    return int(merging.merge_shared(deltas.experts, arrays, merged))


def _magmax(deltas: StoredDeltas, knobs: Mapping[str, Any], merged: Array) -> int:
    order, positive = numpy.array(precedence(knobs["positions"], knobs["equal"])), knobs["equal"] == "positive"
    return int(merging.merge_largest(*deltas, knobs["scale"], order, positive, merged))


FUSED: Mapping[str, Callable[[StoredDeltas, Mapping[str, Any], Array], int]] = {
    "task_arithmetic": _task_arithmetic,
    "ties": _ties,
    "average": _average,
    "magmax": _magmax,
    "fisher": _fisher,
}
"""The methods that have a kernel."""
