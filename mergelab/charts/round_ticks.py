"""Round numbers along an axis."""

from __future__ import annotations

import math

COUNT = 5
"""About how many ticks an axis has."""
STEPS = (1, 2, 5, 10)


def round_ticks(low: float, high: float, is_logarithmic: bool = False) -> list[float]:
    """The multiples of 1, 2 or 5 times a power of ten from `low` to `high`, about `COUNT` of them; on a logarithmic axis those numbers
    themselves, or the powers of ten if there are many."""
    if is_logarithmic:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        fine = [step * 10.0**power for power in powers for step in STEPS[:-1]]
        found = fine if math.log10(high / low) <= 3 else [10.0**power for power in powers]
        return [round(each, 12) for each in found if low * (1 - 1e-9) <= each <= high * (1 + 1e-9)]
    if high <= low:
        return [low]
    size = 10.0 ** math.floor(math.log10((high - low) / COUNT))
    step = next(size * each for each in STEPS if (high - low) / (size * each) <= COUNT + 0.5)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(at * step, 12) for at in range(first, last + 1)]
