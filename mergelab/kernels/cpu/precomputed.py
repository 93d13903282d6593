"""A chunk on the CPU whose deltas are computed beforehand: kernels merge those, and the base is added last."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mergelab.kernels.arguments import SparsifyParams
from mergelab.kernels.cpu.merging import add_change
from mergelab.kernels.cpu.stack import CpuStack
from mergelab.kernels.cpu.stored_arrays import as_array
from mergelab.kernels.device_stack import StackContext
from mergelab.methods.ops.stack import KernelUnsupportedError


class PrecomputedStack(CpuStack):
    """Deltas in the role of experts whose base is zero and whose sparsifier keeps everything."""

    def __init__(self, base: Tensor, deltas: Sequence[Tensor], context: StackContext) -> None:
        """`deltas` holds a float32 tensor (count,) for each expert."""
        super().__init__(torch.zeros(base.numel()), deltas, SparsifyParams.none(len(deltas)), context)
        self.anchor = as_array(base)

    def merge(self, method: str, positions: Sequence[int], merged: Tensor) -> None:
        change = torch.empty(self.count)
        super().merge(method, positions, change)
        if add_change(self.anchor, as_array(change), as_array(merged)):
            raise KernelUnsupportedError(self.key)
