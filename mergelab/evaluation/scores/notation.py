"""How the figures of a metric are written: scores, the ends of intervals, differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

MINUS = "−"
UNKNOWN = "unknown"
"""Stands for an interval without ends: one example has no spread."""


@dataclass(frozen=True)
class Notation:
    """Figures are multiplied by `factor` and written with so many digits after the point.

    `sign` follows a score, `unit` a difference in a sentence; `scale` says what a score is measured in, and which way is
    better if larger is not.
    """

    scale: str
    unit: str
    factor: float = 1
    sign: str = ""
    digits: int = 2
    digits_of_ends: int = 2
    digits_of_differences: int = 3

    def score(self, value: float) -> str:
        """`75.5 %`, `1.83`."""
        return self._signed(value, self.digits) + self.sign

    def ends(self, low: float, high: float) -> str:
        """The ends of a score's interval: `73–78`, `1.79–1.87`; `−0.10 to 0.35` if one is below 0."""
        if not math.isfinite(high - low):
            return UNKNOWN
        between = "–" if low >= 0 else " to "
        return between.join(self._signed(end, self.digits_of_ends) for end in (low, high))

    def difference(self, value: float) -> str:
        """With its sign: `+2.1`, `−0.050`, and `±0.0` for what rounds to none."""
        text = f"{abs(self.factor * value):.{self.digits_of_differences}f}"
        if not float(text):
            return f"±{text}"
        return ("+" if value > 0 else MINUS) + text

    def difference_ends(self, low: float, high: float) -> str:
        """The ends of a difference's interval: `−0.4 to +3.8`."""
        return f"{self.difference(low)} to {self.difference(high)}" if math.isfinite(high - low) else UNKNOWN

    def _signed(self, value: float, digits: int) -> str:
        return f"{self.factor * value:.{digits}f}".replace("-", MINUS)


SHARES = Notation("%", "points", factor=100, sign=" %", digits=1, digits_of_ends=0, digits_of_differences=1)
"""Shares in per cent, their differences in percentage points."""
