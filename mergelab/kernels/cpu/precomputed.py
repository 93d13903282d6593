"""A stretch on the CPU whose deltas were worked out before: numba's kernels merge those, and the base is added last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab.kernels.arguments import SparsifyParams
from mergelab.kernels.cpu.floats import as_array
from mergelab.kernels.cpu.merging import add_change
from mergelab.kernels.cpu.stack import CpuStack
from mergelab.methods.ops.stack import KernelUnsupportedError


class PrecomputedStack(CpuStack):
    """Deltas as if they were experts of a base of zeros, from which kernels take nothing away."""

    def __init__(
        self,
        key: str,
        base: Tensor,
        deltas: Sequence[Tensor],
        start: int,
        values: Callable[[], Tensor],
        settings: Mapping[str, Any],
        whole: bool,
        statistics: Mapping[str, Tensor],
    ) -> None:
        """`deltas` is a float32 tensor (count,) for each expert; the rest is what every `DeviceStack` takes."""
        self.anchor = as_array(base)
        zeros, through = torch.zeros(base.numel()), SparsifyParams.none(len(deltas))
        super().__init__(key, zeros, deltas, through, start, values, settings, whole, statistics)

    def merge(self, method: str, positions: Sequence[int], merged: Tensor) -> None:
        change = torch.empty(self.count)
        super().merge(method, positions, change)
        if add_change(self.anchor, as_array(change), as_array(merged)):
            raise KernelUnsupportedError(self.key)
