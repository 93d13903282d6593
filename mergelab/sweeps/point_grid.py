"""All points of a search space whose dimensions have finitely many values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from mergelab.methods.knobs import Value
from mergelab.sweeps.dimension import Dimension, Listed
from mergelab.sweeps.search_space import SearchSpace
from mergelab.sweeps.sweep_error import SweepError


def grid(space: SearchSpace) -> list[dict[str, Value]]:
    """The settings of every point, each once, in the order of the values. Raises `SweepError` for a range without a step."""
    found: dict[tuple[tuple[str, Value], ...], dict[str, Value]] = {}
    places = [range(len(values_of(dimension))) for dimension in space.dimensions]
    for chosen in product(*places):
        settings = space.suggest(
            _Chosen(dict(zip((each.path for each in space.dimensions), chosen, strict=True)), space)
        )
        found.setdefault(tuple(settings.items()), settings)
    return list(found.values())


class _Chosen:
    """A trial whose values are chosen by their places."""

    def __init__(self, places: dict[str, int], space: SearchSpace) -> None:
        self._values = {each.path: values_of(each)[places[each.path]] for each in space.dimensions}

    def suggest_float(self, name: str, *given: Any, **how: Any) -> float:
        return float(self._values[name])

    def suggest_int(self, name: str, *given: Any, **how: Any) -> int:
        return int(self._values[name])

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._values[name]


def values_of(dimension: Dimension) -> Sequence[Value]:
    """The values of one dimension. Raises `SweepError` for a range without a step."""
    if isinstance(dimension, Listed):
        return dimension.values
    step = dimension.step or (1 if dimension.is_whole else 0)
    if not step:
        raise SweepError(
            f"a grid needs steps: {dimension.path} takes a list, or a range such as {dimension.low:g}:{dimension.high:g}:0.1"
        )
    count = int((dimension.high - dimension.low) / step + 1e-9) + 1
    return [dimension.low + place * step for place in range(count)]
