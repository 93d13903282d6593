"""A stretch of one tensor, or small ones behind each other, as models store them, whichever processor merges them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from mergelab.kernels.arguments import SparsifyParams
from mergelab.kernels.tensor_group import TensorGroup
from mergelab.methods.ops.stack import Stack

FORMATS = {torch.bfloat16, torch.float16, torch.float32}


class DeviceStack(Stack, ABC):
    """A `Stack` over stored numbers; its values are computed only if someone asks for them."""

    joint: TensorGroup | None = None
    """What the stack holds where that is several tensors."""

    def __init__(
        self,
        key: str,
        base: Tensor,
        experts: Sequence[Tensor],
        thinning: SparsifyParams,
        start: int,
        values: Callable[[], Tensor],
        settings: Mapping[str, Any],
        whole: bool,
        statistics: Mapping[str, Tensor],
    ) -> None:
        """`start` is the stretch's place in its tensor, a multiple of a block; `values` gives what the reference
        functions would see."""
        self.key, self.start, self.whole = key, start, whole
        self.settings, self.statistics = settings, statistics
        self._count, self._values = base.numel(), values
        self.take(base, experts, thinning)

    @abstractmethod
    def take(self, base: Tensor, experts: Sequence[Tensor], thinning: SparsifyParams) -> None:
        """Get the stored numbers ready for the kernels."""

    @abstractmethod
    def merge(self, method: str, positions: Sequence[int], merged: Tensor) -> None:
        """Write the merged stretch to `merged` (count,); `positions` are the experts' places in the recipe.

        Raises `KernelUnsupportedError` where a value is not finite.
        """

    @cached_property
    def values(self) -> Tensor:  # type: ignore[override]
        """What the reference functions would see."""
        return self._values()

    @property
    def count(self) -> int:
        return self._count

    def counts(self) -> Mapping[str, int]:
        return self.joint.counts if self.joint else super().counts()

    def moved(self) -> Mapping[str, bool]:
        return self.joint.moved if self.joint else super().moved()


def fits(base: torch.dtype, experts: Sequence[torch.dtype], merged: torch.dtype) -> bool:
    """Whether kernels read and write these number formats; all experts must share one."""
    return {base, *experts, merged} <= FORMATS and len(set(experts)) == 1
