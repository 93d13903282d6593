"""One setting of many recipes along an axis of a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mergelab.charts.round_ticks import round_ticks

Value = int | float | str
MOST_TICKS = 6
"""Numbers with more different values have round ticks."""
ABSENT, ABSENT_PLACE = "–", -0.12
"""How a setting is called that does not count for a recipe, and its place below the axis."""


@dataclass(frozen=True)
class SettingAxis:
    """The values of one setting by recipe, and what a person calls them.

    A value is a number, a word, or None where the setting does not count. `is_logarithmic` has an effect where all numbers are
    above 0. `steps` are all values that may come, in the order of the axis; without them, those that have come.
    """

    title: str
    values: Sequence[Value | None]
    texts: Sequence[str]
    is_logarithmic: bool = False
    steps: Sequence[tuple[Value, str]] = ()
    is_share: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(isinstance(value, int | float) for value, _ in self.ordered)

    @property
    def has_absent(self) -> bool:
        """Whether the setting does not count for some recipe."""
        return None in self.values

    @property
    def ordered(self) -> list[tuple[Value, str]]:
        """The different values with their texts: numbers rise, words keep their order."""
        known = {value: text for value, text in zip(self.values, self.texts, strict=True) if value is not None}
        found = list((dict(self.steps) | {v: t for v, t in known.items() if v not in dict(self.steps)}).items())
        is_numeric = all(isinstance(value, int | float) for value, _ in found)
        return sorted(found, key=lambda pair: float(pair[0])) if is_numeric else found

    @property
    def columns(self) -> list[int | None]:
        """The position of each value among the different ones."""
        position = {value: at for at, (value, _) in enumerate(self.ordered)}
        return [None if value is None else position[value] for value in self.values]

    @property
    def uses_logarithm(self) -> bool:
        """Whether the axis is logarithmic."""
        return self.is_logarithmic and self.can_be_logarithmic

    @property
    def can_be_logarithmic(self) -> bool:
        """Whether all values are numbers above 0."""
        return bool(self.ordered) and self.is_numeric and all(float(value) > 0 for value, _ in self.ordered)

    @property
    def places(self) -> list[float]:
        """Each value from 0 (the lowest, or the first word) to 1; `ABSENT_PLACE` where the setting does not count."""
        return [ABSENT_PLACE if value is None else self._place(value) for value in self.values]

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and their texts."""
        absent = [(ABSENT_PLACE, ABSENT)] if self.has_absent else []
        ordered = self.ordered
        if len(ordered) <= MOST_TICKS or not self.is_numeric:
            return [*absent, *((self._place(value), text) for value, text in ordered)]
        numbers = round_ticks(*self.ends, self.uses_logarithm)
        return [*absent, *((self._place_of(number), self._written(number)) for number in numbers)]

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number; the first and the last position of words."""
        ordered = self.ordered
        if not ordered or not self.is_numeric:
            return 0.0, float(max(len(ordered) - 1, 0))
        return float(ordered[0][0]), float(ordered[-1][0])

    def _place(self, value: Value) -> float:
        return self._place_of(float(value) if self.is_numeric else [each for each, _ in self.ordered].index(value))

    def _place_of(self, number: float) -> float:
        low, high = self.ends
        if high == low:
            return 0.5
        if self.uses_logarithm:
            return math.log(number / low) / math.log(high / low)
        return (number - low) / (high - low)

    def _written(self, number: float) -> str:
        if not self.is_share:
            return f"{number:.3g}"
        low, high = self.ends
        return f"{100 * number:.{0 if high - low > 0.06 else 1}f} %"
