"""Conversion of one parameter between mergekit's notation (scalar, gradient or filters) and a recipe's overrides."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mergelab.methods.knobs import Value, brief, nearest
from mergelab.recipe.overrides import Ramp

Override = tuple[str, float | Ramp]
"""A regex and the value for the tensors whose names it matches."""
EVERYWHERE = ""
"""Matches every tensor, both as a name part and as a regex."""
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")


@dataclass(frozen=True)
class FilterRule:
    """mergekit's value for the tensors whose names contain `part`; the first matching rule wins."""

    part: str
    value: float | Ramp


@dataclass(frozen=True)
class LayerwiseValue:
    """A recipe's value (None: not set), and overrides as (match, value), of which the last match wins."""

    value: float | None = None
    overrides: tuple[Override, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every tensor gets a number."""
        return self.value is not None or any(match == EVERYWHERE for match, _ in self.overrides)


def read_said(label: str, given: object) -> tuple[FilterRule, ...]:
    """Parse a parameter value of a config into rules, first match first. Raises ValueError for an invalid value."""
    if isinstance(given, Mapping):
        return (_conditional(label, given),)
    if isinstance(given, Sequence) and not isinstance(given, str) and any(isinstance(one, Mapping) for one in given):
        return tuple(_conditional(label, entry) for entry in given)
    return (FilterRule(EVERYWHERE, _number_or_gradient(label, given)),)


def write_said(words: Sequence[FilterRule]) -> Any:
    """The inverse of `read_said`."""
    if len(words) == 1 and words[0].part == EVERYWHERE:
        return plain(words[0].value)
    return [{**({"filter": one.part} if one.part else {}), "value": plain(one.value)} for one in words]


def layerwise(words: Sequence[FilterRule]) -> LayerwiseValue:
    """Convert mergekit's rules, where the first match wins, to overrides, where the last match wins.

    A final number for all remaining tensors becomes the `value`.
    """
    *before, last = _heard(words) or (None,)
    if last is None or last.part != EVERYWHERE or isinstance(last.value, tuple):
        return LayerwiseValue(None, tuple((escaped(one.part), one.value) for one in reversed(_heard(words))))
    return LayerwiseValue(last.value, tuple((escaped(one.part), one.value) for one in reversed(before)))


def said(meant: LayerwiseValue) -> tuple[FilterRule, ...]:
    """The inverse of `layerwise`. Raises ValueError for a match that no mergekit filter can express."""
    words = [FilterRule(literal(match), value) for match, value in reversed(meant.overrides)]
    return _heard([*words, *([] if meant.value is None else [FilterRule(EVERYWHERE, meant.value)])])


def _heard(words: Sequence[FilterRule]) -> tuple[FilterRule, ...]:
    """Drop the rules after one that matches all tensors, because they never apply."""
    last = next((place for place, one in enumerate(words) if one.part == EVERYWHERE), len(words))
    return tuple(words[: last + 1])


def grouped(chains: Mapping[str, Iterable[tuple[Hashable, float | Ramp]]], model: str | None) -> list[dict[str, Any]]:
    """Entries of a recipe's `overrides` from lists of (match, value) per knob: equal matches grouped, order kept."""
    waiting = {knob: list(chain) for knob, chain in chains.items()}
    entries = []
    while heads := [chain[0][0] for chain in waiting.values() if chain]:
        same = {knob: chain.pop(0)[1] for knob, chain in waiting.items() if chain and chain[0][0] == heads[0]}
        named = {knob: plain(value) for knob, value in same.items()}
        entries.append({"match": heads[0], **({"model": model} if model else {}), **named})
    return entries


def plain(value: Value | Ramp) -> Any:
    """A number or ramp as plain data for YAML."""
    return list(value) if isinstance(value, tuple) else value


def ramp(value: float | Ramp) -> Ramp:
    """The numbers of a ramp, or the one number."""
    return value if isinstance(value, tuple) else (value,)


def escaped(part: str) -> str:
    """The regular expression that matches `part` literally."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], part)


def literal(match: str) -> str:
    """The text that a regular expression matches. Raises ValueError if it is not plain text."""
    if _SPECIAL.search(re.sub(r"\\[^A-Za-z0-9]", "", match)):
        raise ValueError(
            f"mergekit's filters are parts of names, not regular expressions such as {match}: "
            "write one override per part, with a backslash before each dot"
        )
    return re.sub(r"\\(.)", r"\1", match)


def _conditional(label: str, entry: object) -> FilterRule:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{label} mixes numbers and filters: write {{value: {brief(entry)}}}")
    for name in entry:
        if name not in ("filter", "value"):
            raise ValueError(f"unknown key {brief(name)} in a filter of {label}{nearest(name, ('filter', 'value'))}")
    part = entry.get("filter")
    if part is not None and not isinstance(part, str):
        raise ValueError(f"filter in {label} must be part of a tensor name, got {brief(part)}")
    everywhere = part is None or part == "*"
    return FilterRule(EVERYWHERE if everywhere else str(part), _number_or_gradient(label, entry.get("value")))


def _number_or_gradient(label: str, given: object) -> float | Ramp:
    if isinstance(given, Sequence) and not isinstance(given, str) and given:
        numbers = tuple(_number(label, entry) for entry in given)
        return numbers if len(numbers) > 1 else numbers[0]
    return _number(label, given)


def _number(label: str, given: object) -> float:
    """A number, which mergekit also accepts as text: YAML 1.1 reads 75e-2 as text."""
    try:
        number = float(given) if isinstance(given, str) else given
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ValueError(
            f"{label} must be a number, a gradient such as [0, 0.5, 1] or a list of filters, got {brief(given)}"
        )
    return number
