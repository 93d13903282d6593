"""Whole tensors that lie one after the other in a stack, and which of them any model moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class TensorGroup:
    """The stored numbers (count,) of the tensors in `counts`, which has their entries by name, in order.

    `thresholds`: float32 over experts; of an expert's delta only magnitudes from there on count, 0 for all.
    """

    counts: Mapping[str, int]
    base: Tensor
    experts: Sequence[Tensor]
    thresholds: Tensor

    @cached_property
    def moved(self) -> Mapping[str, bool]:
        """Whether a delta that counts is not zero, or any is not a number, by the tensor's name."""
        base, changed = self.base.float(), torch.zeros(self.base.shape, dtype=torch.bool, device=self.base.device)
        for expert, threshold in zip(self.experts, self.thresholds.tolist(), strict=True):
            magnitudes = (expert.float() - base).abs_()
            changed |= ~(magnitudes < threshold) if threshold else magnitudes != 0
        parts = torch.split(changed.cpu(), list(self.counts.values()))
        return {key: bool(part.any()) for key, part in zip(self.counts, parts, strict=True)}
