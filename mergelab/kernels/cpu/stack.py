"""A stretch of one tensor on the CPU: the counts a survey needs and the merges that are fused, without float32 copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy
import torch
from torch import Tensor

from mergelab.kernels.arguments import Election, Shares, SparsifyParams, precedence
from mergelab.kernels.cpu import counting, merging, sweep_counts
from mergelab.kernels.cpu.experts import gathered
from mergelab.kernels.cpu.floats import Array, as_array
from mergelab.kernels.cpu.selection import largest
from mergelab.kernels.cpu.sparsifier_mask import SparsifierMask
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
    """A stretch for numba's kernels."""

    def take(self, base: Tensor, experts: Sequence[Tensor], thinning: SparsifyParams) -> None:
        self.base, self.experts = as_array(base), tuple(as_array(expert) for expert in experts)
        self.gathered = gathered(self.experts)
        self.sieve = SparsifierMask(
            thinning.thresholds.numpy(),
            thinning.limits.numpy().astype(numpy.uint64),
            thinning.keys.numpy().astype(numpy.uint32),
            thinning.divisors.numpy(),
        )

    def any(self) -> bool:
        pairs = enumerate(self.experts)
        return any(counting.any_left(self.base, expert, m, self.sieve, self.start) for m, expert in pairs)

    def upper_counts(self) -> Tensor:
        counts = torch.zeros(len(self.experts), BINS, dtype=torch.int64)
        self.add_upper_counts(counts)
        return counts

    def signed_counts(self) -> Tensor:
        counts = torch.zeros(len(self.experts), BINS, dtype=torch.int64)
        for model, (expert, total) in enumerate(zip(self.experts, counts, strict=True)):
            counting.count_signed(self.base, expert, model, self.sieve, self.start, total.numpy())
        return counts

    def add_upper_counts(self, totals: Sequence[Tensor] | Tensor) -> None:
        for model, (expert, total) in enumerate(zip(self.experts, totals, strict=True)):
            counting.count_upper(self.base, expert, model, self.sieve, self.start, total.numpy())

    def lower_counts(self, upper: Sequence[int]) -> Tensor:
        counts = torch.zeros(len(self.experts), 1, BINS, dtype=torch.int64)
        self.add_lower_counts([[each] for each in upper], list(counts))
        return counts[:, 0]

    def largest(self, wanted: Sequence[int]) -> Tensor:
        found = [self._largest(model, m) for model, m in enumerate(wanted)]
        if None in found:
            return super().largest(wanted)
        return torch.tensor(found, dtype=torch.int32).view(torch.float32)

    def _largest(self, model: int, m: int) -> int | None:
        if m == 0:
            return INFINITY
        return largest(self.base, self.experts[model], model, self.sieve, self.start, m)

    def largest_at(self, wanted: Sequence[Sequence[int]]) -> Tensor:
        found = [sweep_counts.largest_at(self, model, each) for model, each in enumerate(zip(*wanted, strict=True))]
        return torch.from_numpy(numpy.stack(found, axis=1).view(numpy.float32))

    def election(self, thresholds: Tensor, weights: Tensor | None, by: str) -> int:
        factors = torch.ones(len(self.experts)) if weights is None else weights
        return int(
            counting.count_elected(
                self.base, self.gathered, self.sieve, self.start, thresholds.numpy(), factors.numpy(), by == "count"
            )
        )

    def add_lower_counts(self, bins: Sequence[Sequence[int]], totals: Sequence[Tensor]) -> None:
        for model, (own, total) in enumerate(zip(bins, totals, strict=True)):
            if len(own) == 1:
                rest = self.base, self.experts[model], model, self.sieve, self.start
                counting.count_lower(*rest, own[0], total[0].numpy())
            else:
                sweep_counts.add_lower_counts(self, model, own, total.numpy())

    def elections(self, thresholds: Tensor, weights: Tensor | None, by: str) -> list[int]:
        factors = torch.ones(len(self.experts)) if weights is None else weights
        return sweep_counts.elections(self, thresholds.numpy(), factors.numpy(), by == "count")

    def merge(self, method: str, positions: Sequence[int], merged: Tensor) -> None:
        if FUSED[method](self, {**self.settings, "positions": positions}, as_array(merged)):
            raise KernelUnsupportedError(self.key)


def _task_arithmetic(stack: CpuStack, knobs: Mapping[str, Any], merged: Array) -> int:
    weights = knobs["weights"].numpy()
    return int(
        merging.merge_linear(stack.base, stack.gathered, stack.sieve, stack.start, weights, knobs["scale"], merged)
    )


def _election(knobs: Mapping[str, Any]) -> merging.Election:
    given = Election.of(knobs)
    return merging.Election(
        given.thresholds.numpy(),
        given.weights.numpy(),
        given.weigh_votes,
        given.by_count,
        given.tied,
        COMBINE[given.combine],
        given.scale,
    )


def _ties(stack: CpuStack, knobs: Mapping[str, Any], merged: Array) -> int:
    election = _election(knobs)
    return int(merging.merge_elected(stack.base, stack.gathered, stack.sieve, stack.start, election, merged))


def _average(stack: CpuStack, knobs: Mapping[str, Any], merged: Array) -> int:
    return int(merging.merge_mean(stack.gathered, knobs["weights"].numpy(), merged))


def _fisher(stack: CpuStack, knobs: Mapping[str, Any], merged: Array) -> int:
    given = Shares.of(knobs, stack.statistics["fisher"])
    return int(merging.merge_shared(stack.gathered, merging.Shares(*(values.numpy() for values in given)), merged))


def _magmax(stack: CpuStack, knobs: Mapping[str, Any], merged: Array) -> int:
    order, positive = numpy.array(precedence(knobs["positions"], knobs["equal"])), knobs["equal"] == "positive"
    return int(
        merging.merge_largest(
            stack.base, stack.gathered, stack.sieve, stack.start, knobs["scale"], order, positive, merged
        )
    )


FUSED: Mapping[str, Callable[[CpuStack, Mapping[str, Any], Array], int]] = {
    "task_arithmetic": _task_arithmetic,
    "ties": _ties,
    "average": _average,
    "magmax": _magmax,
    "fisher": _fisher,
}
"""The methods that have a kernel."""
