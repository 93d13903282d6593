"""How far stored deltas are from the ones they stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass
class Deviation:
    """‖kept - delta‖ / ‖delta‖ over all tensors that were added, in the Frobenius norm."""

    missed: float = 0.0
    whole: float = 0.0

    def add(self, delta: Tensor, kept: Tensor | None = None) -> float:
        """Count one tensor's delta and what is kept of it (None: nothing), and give its own relative error."""
        wide = delta.double()
        whole = float(wide.square().sum())
        missed = whole if kept is None else float((kept.double() - wide).square().sum())
        self.missed, self.whole = self.missed + missed, self.whole + whole
        return math.sqrt(missed / whole) if whole else 0.0

    @property
    def relative(self) -> float:
        """The error of all tensors together; 0 where there is no delta at all."""
        return math.sqrt(self.missed / self.whole) if self.whole else 0.0
