"""A stretch of one tensor as stored: the counts a survey needs and the merges that are fused, without float32 copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy
import torch
from torch import Tensor

from mergelab.kernels import counting, merging
from mergelab.kernels.experts import gathered
from mergelab.kernels.floats import VIEWS, Array, as_array
from mergelab.kernels.merging import Election
from mergelab.kernels.selecting import largest
from mergelab.kernels.sieve import Sieve
from mergelab.methods.fisher import coefficients
from mergelab.methods.ops import rows
from mergelab.methods.stack import BINS, Stack, UnfitError

SAMPLED_FROM = 1 << 18
"""Shorter stretches are counted in full."""
INFINITY = 0x7F800000
COMBINE = {"sum": merging.SUM, "max": merging.LARGEST}
DIVIDE = {"count": merging.MEAN_BY_COUNT, "weights": merging.MEAN_BY_WEIGHTS}


class StoredStack(Stack):
    """A `Stack` over the stored numbers; its values are computed only if someone asks for them."""

    def __init__(
        self,
        key: str,
        base: Tensor,
        experts: Sequence[Tensor],
        sieve: Sieve,
        start: int,
        values: Callable[[], Tensor],
        settings: Mapping[str, Any],
        whole: bool,
        statistics: Mapping[str, Tensor],
    ) -> None:
        self.whole = whole
        self.key, self.sieve, self.start, self.settings, self.statistics = key, sieve, start, settings, statistics
        self.base, self.experts = as_array(base), tuple(as_array(expert) for expert in experts)
        self.gathered = gathered(self.experts)
        self._values = values

    @cached_property
    def values(self) -> Tensor:  # type: ignore[override]
        """What the reference functions would see."""
        return self._values()

    @property
    def count(self) -> int:
        return len(self.base)

    def any(self) -> bool:
        pairs = enumerate(self.experts)
        return any(counting.any_left(self.base, expert, m, self.sieve, self.start) for m, expert in pairs)

    def upper_counts(self) -> Tensor:
        counts = numpy.zeros((len(self.experts), BINS), numpy.uint32)
        for model, expert in enumerate(self.experts):
            if counting.count_upper(self.base, expert, model, self.sieve, self.start, counts[model]):
                raise UnfitError(self.key)
        return torch.from_numpy(counts.astype(numpy.int64))

    def lower_counts(self, upper: Sequence[int]) -> Tensor:
        counts = numpy.zeros((len(self.experts), BINS), numpy.uint32)
        for model, (expert, wanted) in enumerate(zip(self.experts, upper, strict=True)):
            counting.count_lower(self.base, expert, model, self.sieve, self.start, wanted, counts[model])
        return torch.from_numpy(counts.astype(numpy.int64))

    def largest(self, wanted: Sequence[int]) -> Tensor:
        found = [self._largest(model, m) for model, m in enumerate(wanted)]
        if None in found:
            return super().largest(wanted)
        return torch.tensor(found, dtype=torch.int32).view(torch.float32)

    def _largest(self, model: int, m: int) -> int | None:
        if m == 0:
            return INFINITY
        if self.count < SAMPLED_FROM:
            return None
        return largest(self.base, self.experts[model], model, self.sieve, self.start, m)

    def election(self, thresholds: Tensor, weights: Tensor | None, by: str) -> int:
        factors = torch.ones(len(self.experts)) if weights is None else weights
        return int(
            counting.count_elected(
                self.base, self.gathered, self.sieve, self.start, thresholds.numpy(), factors.numpy(), by == "count"
            )
        )

    def merge(self, method: str, positions: Sequence[int], merged: Tensor) -> None:
        """Write the merged stretch to `merged` (count,); `positions` are the experts' places in the recipe.

        Raises `UnfitError` where a value is not finite.
        """
        if FUSED[method](self, {**self.settings, "positions": positions}, as_array(merged)):
            raise UnfitError(self.key)


def fits(base: torch.dtype, experts: Sequence[torch.dtype], merged: torch.dtype) -> bool:
    """Whether the kernels read and write these number formats; all experts must share one."""
    return base in VIEWS and merged in VIEWS and len(set(experts)) == 1 and experts[0] in VIEWS


def _task_arithmetic(stack: StoredStack, knobs: Mapping[str, Any], merged: Array) -> int:
    weights = knobs["weights"].numpy()
    return int(
        merging.merge_linear(stack.base, stack.gathered, stack.sieve, stack.start, weights, knobs["scale"], merged)
    )


def _ties(stack: StoredStack, knobs: Mapping[str, Any], merged: Array) -> int:
    combine = knobs["combine"]
    majority = float(knobs["majority"] or (0 if combine == "max" else -1))
    election = Election(
        knobs["thresholds"].numpy(), knobs["weights"].numpy(), knobs["weigh"] == "before", knobs["elect"] == "count",
        {"majority": majority, "positive": 1.0, "zero": 0.0}[knobs["zero_sign"]],
        COMBINE.get(combine, DIVIDE[knobs["divide"]]), knobs["scale"],
    )  # fmt: skip
    return int(merging.merge_elected(stack.base, stack.gathered, stack.sieve, stack.start, election, merged))


def _average(stack: StoredStack, knobs: Mapping[str, Any], merged: Array) -> int:
    return int(merging.merge_mean(stack.gathered, knobs["weights"].numpy(), merged))


def _fisher(stack: StoredStack, knobs: Mapping[str, Any], merged: Array) -> int:
    information, floor = stack.statistics["fisher"], knobs["floor"]
    floored = (
        numpy.array(knobs["positions"]) == 0 if knobs["floor_on"] == "first" else numpy.full(len(stack.experts), True)
    )
    adds = knobs["floor_by"] == "add"
    shares = merging.Shares(
        rows(information).numpy(),
        numpy.where(floored & (not adds), floor, -numpy.inf).astype(numpy.float32),
        numpy.where(floored & adds, floor, 0.0).astype(numpy.float32),
        coefficients(knobs["weights"], knobs["normalize"], information, knobs["norms"], floor if adds else 0.0).numpy(),
    )
    return int(merging.merge_shared(stack.gathered, shares, merged))


def _magmax(stack: StoredStack, knobs: Mapping[str, Any], merged: Array) -> int:
    places = numpy.argsort(knobs["positions"])
    order = places[::-1].copy() if knobs["equal"] == "last" else places
    positive = knobs["equal"] == "positive"
    return int(
        merging.merge_largest(
            stack.base, stack.gathered, stack.sieve, stack.start, knobs["scale"], order, positive, merged
        )
    )


FUSED: Mapping[str, Callable[[StoredStack, Mapping[str, Any], Array], int]] = {
    "task_arithmetic": _task_arithmetic, "ties": _ties, "average": _average, "magmax": _magmax, "fisher": _fisher,
}  # fmt: skip
"""The methods that have a kernel."""
