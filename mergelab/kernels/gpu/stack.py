"""A chunk on a GPU: surveys' counts and fused merges, without float32 copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor
from triton import language as tl

from mergelab.kernels.arguments import ALL, ElectionParams, ShareParams, SparsifyParams, precedence
from mergelab.kernels.device_stack import DeviceStack, StackContext
from mergelab.kernels.gpu import counting, merging
from mergelab.kernels.gpu.floats import ALIGNED
from mergelab.kernels.gpu.launch import launch
from mergelab.kernels.gpu.sparsifier_mask import MaskedModels
from mergelab.kernels.gpu.transfer import download, lane, upload
from mergelab.methods.ops.stack import BINS, KernelUnsupportedError

GLANCE = 1 << 16
"""Entries among which there is nearly always a nonzero delta, if the tensor has any."""
COPIES = 16
"""Copies of each histogram: few bins hold nearly all entries, and atomic additions to one bin are serial."""
INFINITY = 0x7F800000
FORMATS = {torch.bfloat16: tl.bfloat16, torch.float16: tl.float16, torch.float32: tl.float32}


class GpuStack(DeviceStack):
    """A chunk for Triton's kernels."""

    def __init__(
        self,
        device: torch.device,
        base: Tensor,
        experts: Sequence[Tensor],
        params: SparsifyParams,
        context: StackContext,
    ) -> None:
        """The tensors may lie on the host or on the device."""
        super().__init__(base, experts, params, context)
        self.device, self.tensors = device, ()  # the host's tensors are not needed once they are uploaded
        with lane(device):
            self.base, *self.experts = (_array(upload(tensor, device)) for tensor in (base, *experts))
            self.models = MaskedModels(*(self.over_models(values) for values in (_addresses(self.experts), *params)))
        self.format, self.drawn = {"FORMAT": FORMATS[experts[0].dtype]}, bool((params.limits < ALL).any())

    def any(self) -> bool:
        return self._any(min(self.count, GLANCE)) or (self.count > GLANCE and self._any(self.count))

    def _any(self, count: int) -> bool:
        with lane(self.device):
            found = self.flag()
            self.run(counting.any_left, count, found, apart=True)
            return bool(found)

    def upper_counts(self) -> Tensor:
        with lane(self.device):
            return self._upper_counts().cpu()

    def add_upper_counts(self, totals: Sequence[Tensor] | Tensor) -> None:
        for total, more in zip(totals, self.upper_counts(), strict=True):
            total += more

    def signed_counts(self) -> Tensor:
        with lane(self.device):
            return self._upper_counts(signed=True).cpu()

    def _upper_counts(self, signed: bool = False) -> Tensor:
        counts, bad = self._no_counts(COPIES, len(self.experts)), self.flag()
        constants = {"SIGNED": signed, "COPIES": COPIES, "BINS": BINS}
        self.run(counting.count_upper, self.count, counts, bad, apart=True, **constants)
        if bad:
            raise KernelUnsupportedError(self.key)
        return counts.sum(0)

    def lower_counts(self, upper: Sequence[int]) -> Tensor:
        with lane(self.device):
            return self._lower_counts(self.over_models(torch.tensor(upper, dtype=torch.int32))).cpu()

    def add_lower_counts(self, bins: Sequence[Sequence[int]], totals: Sequence[Tensor]) -> None:
        for number in range(max(map(len, bins))):
            counts = self.lower_counts([own[min(number, len(own) - 1)] for own in bins])
            for own, total, more in zip(bins, totals, counts, strict=True):
                if number < len(own):
                    total[number] += more

    def _lower_counts(self, upper: Tensor) -> Tensor:
        counts = self._no_counts(len(self.experts))
        self.run(counting.count_lower, self.count, upper, counts, apart=True, BINS=BINS)
        return counts.long()

    def _no_counts(self, *shape: int) -> Tensor:
        return torch.zeros(*shape, BINS, dtype=torch.int32, device=self.device)

    def largest(self, wanted: Sequence[int]) -> Tensor:
        with lane(self.device):
            m = self.over_models(torch.tensor(wanted))
            upper, left = bins_holding(self._upper_counts(), m)
            lower, _ = bins_holding(self._lower_counts(upper.int()), left)
            patterns = torch.where(m > 0, upper << 16 | lower, INFINITY)
            return patterns.int().view(torch.float32).cpu()

    def election(self, thresholds: Tensor, weights: Tensor | None, by: str) -> int:
        factors = torch.ones(len(self.experts)) if weights is None else weights
        with lane(self.device):
            total = torch.zeros(1, dtype=torch.int64, device=self.device)
            given = self.over_models(thresholds), self.over_models(factors)
            self.run(counting.count_elected, self.count, len(self.experts), *given, total, BY_COUNT=by == "count")
            return int(total)

    def merge(self, method: str, positions: Sequence[int], merged: Tensor) -> None:
        with lane(self.device):
            bad, result = self.flag(), torch.empty(self.count, dtype=merged.dtype, device=self.device)
            self.start_merge(method, positions, result, bad)
            download(result, merged)
            if bad:
                raise KernelUnsupportedError(self.key)

    def start_merge(self, method: str, positions: Sequence[int], merged: Tensor, bad: Tensor) -> None:
        """Merge into `merged` (count,) on the device without waiting; sets the flag `bad` if a value is not finite."""
        with lane(self.device):
            FUSED[method](self, {**self.settings, "positions": positions}, merged, bad)

    def flag(self) -> Tensor:
        """An int32 of 0 that kernels may set."""
        return torch.zeros(1, dtype=torch.int32, device=self.device)

    def over_models(self, values: Tensor) -> Tensor:
        """A tensor over models, in memory that kernels can read."""
        return upload(values, self.device).contiguous()

    def run(self, kernel: Any, count: int, *rest: Any, apart: bool = False, **constants: Any) -> None:
        """Start a kernel over the first `count` entries of the deltas, of all models together or of each model `apart`."""
        models = len(self.experts) if apart else 1
        arguments = self.base, self.models, self.start, count, *rest
        launch(kernel, count, *arguments, models=models, **constants, **self.format, DRAWN=self.drawn)


def bins_holding(histograms: Tensor, m: Tensor) -> tuple[Tensor, Tensor]:
    """The bin of the m-th largest entry of each row (n, BINS), and the entry's rank from the top of that bin; on the device."""
    from_top = histograms.flip(1).cumsum(1)
    place = torch.searchsorted(from_top, m[:, None]).clamp(max=BINS - 1)
    above = torch.where(place > 0, from_top.gather(1, (place - 1).clamp(min=0)), 0)
    return BINS - 1 - place[:, 0], m - above[:, 0]


def _addresses(arrays: Sequence[Tensor]) -> Tensor:
    return torch.tensor([array.data_ptr() for array in arrays], dtype=torch.int64)


def _array(tensor: Tensor) -> Tensor:
    """The flat numbers of a tensor at an aligned address, without a copy where they are."""
    flat = tensor.contiguous().reshape(-1)
    return flat if flat.data_ptr() % ALIGNED == 0 else flat.clone()


def _task_arithmetic(stack: GpuStack, knobs: Mapping[str, Any], merged: Tensor, bad: Tensor) -> None:
    weights = stack.over_models(knobs["weights"])
    stack.run(merging.merge_linear, stack.count, len(stack.experts), weights, float(knobs["scale"]), merged, bad)


def _ties(stack: GpuStack, knobs: Mapping[str, Any], merged: Tensor, bad: Tensor) -> None:
    given = ElectionParams.of(knobs)
    stack.run(
        merging.merge_elected,
        stack.count,
        len(stack.experts),
        stack.over_models(given.thresholds),
        stack.over_models(given.weights),
        given.tied,
        float(given.scale),
        merged,
        bad,
        WEIGH_VOTES=given.weigh_votes,
        BY_COUNT=given.by_count,
        COMBINE=given.combine,
    )


def _average(stack: GpuStack, knobs: Mapping[str, Any], merged: Tensor, bad: Tensor) -> None:
    weights = knobs["weights"]
    total = float(reduce(torch.add, weights))  # in float32, one after the other, as the reference sums
    if total == 0:
        weights, total = torch.ones_like(weights), float(len(weights))
    arguments = stack.models.addresses, stack.count, len(stack.experts), stack.over_models(weights), total, merged, bad
    launch(merging.merge_mean, stack.count, *arguments, **stack.format)


def _fisher(stack: GpuStack, knobs: Mapping[str, Any], merged: Tensor, bad: Tensor) -> None:
    shares = [stack.over_models(values) for values in ShareParams.of(knobs, stack.statistics["fisher"])]
    arguments = stack.models.addresses, stack.count, len(stack.experts), *shares, merged, bad
    launch(merging.merge_shared, stack.count, *arguments, **stack.format)


def _magmax(stack: GpuStack, knobs: Mapping[str, Any], merged: Tensor, bad: Tensor) -> None:
    order = stack.over_models(torch.tensor(precedence(knobs["positions"], knobs["equal"])))
    scale, positive = float(knobs["scale"]), knobs["equal"] == "positive"
    stack.run(merging.merge_largest, stack.count, len(stack.experts), order, scale, merged, bad, POSITIVE=positive)


FUSED: Mapping[str, Callable[[GpuStack, Mapping[str, Any], Tensor, Tensor], None]] = {
    "task_arithmetic": _task_arithmetic,
    "ties": _ties,
    "average": _average,
    "magmax": _magmax,
    "fisher": _fisher,
}
"""The methods that have a kernel."""
