"""A chunk of one tensor, or several small tensors, as models store them, whichever processor merges them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from mergelab.kernels.arguments import SparsifyParams
from mergelab.kernels.tensor_group import TensorGroup
from mergelab.methods.ops.stack import Stack

FORMATS = {torch.bfloat16, torch.float16, torch.float32}


@dataclass(frozen=True)
class StackContext:
    """The parts of a stack besides its stored numbers; `settings`, `statistics` and `whole` are those of `Stack`.

    `values` computes the float32 values that the reference functions would see. `start` is the chunk's first entry in its
    tensor, a multiple of a block.
    """

    key: str
    values: Callable[[], Tensor]
    settings: Mapping[str, Any] = field(default_factory=dict)
    statistics: Mapping[str, Tensor] = field(default_factory=dict)
    start: int = 0
    whole: bool = True


class DeviceStack(Stack, ABC):
    """A `Stack` over stored numbers; its float32 values are computed only if a rule asks for them."""

    group: TensorGroup | None = None
    """The tensors in the stack, where there are several."""

    def __init__(self, base: Tensor, experts: Sequence[Tensor], params: SparsifyParams, context: StackContext) -> None:
        """`base` and every one of `experts` are contiguous and have as many entries; `params` are the sparsifier's."""
        self.tensors, self.params, self._read_values = (base, *experts), params, context.values
        self.key, self.start, self.whole = context.key, context.start, context.whole
        self.settings, self.statistics = context.settings, context.statistics
        self._count = base.numel()

    @abstractmethod
    def merge(self, method: str, positions: Sequence[int], merged: Tensor) -> None:
        """Write the merged chunk to `merged` (count,); `positions` are the experts' places in the recipe.

        Raises `KernelUnsupportedError` if a value is not finite.
        """

    @cached_property
    def values(self) -> Tensor:  # type: ignore[override]
        """The values that the reference functions would see, float32 (n_models, *shape)."""
        return self._read_values()

    @property
    def count(self) -> int:
        return self._count

    def counts(self) -> Mapping[str, int]:
        return self.group.counts if self.group else super().counts()

    def moved(self) -> Mapping[str, bool]:
        return self.group.moved if self.group else super().moved()


def fits(base: torch.dtype, experts: Sequence[torch.dtype], merged: torch.dtype) -> bool:
    """Whether kernels read and write these number formats; all experts must share one."""
    return {base, *experts, merged} <= FORMATS and len(set(experts)) == 1
