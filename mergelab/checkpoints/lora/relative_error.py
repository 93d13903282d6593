"""The relative error of stored deltas."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass
class Deviation:
    """‖kept - delta‖ / ‖delta‖ over all added tensors, in the Frobenius norm."""

    missed: float = 0.0
    whole: float = 0.0

    def add(self, delta: Tensor, kept: Tensor | None = None) -> float:
        """Add one tensor's delta and its stored version (None: nothing stored); returns the tensor's relative error."""
        wide = delta.double()
        whole = float(wide.square().sum())
        missed = whole if kept is None else float((kept.double() - wide).square().sum())
        self.missed, self.whole = self.missed + missed, self.whole + whole
        return math.sqrt(missed / whole) if whole else 0.0

    @property
    def relative(self) -> float:
        """The error over all tensors; 0 if every delta is 0."""
        return math.sqrt(self.missed / self.whole) if self.whole else 0.0
