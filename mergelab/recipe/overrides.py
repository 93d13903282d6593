"""Knob values that differ between layers, tensors or experts."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mergelab.methods.knobs import Knob, Range, Value, brief, nearest
from mergelab.recipe.name_pattern import name_pattern

Ramp = tuple[float, ...]
"""Numbers spaced evenly from the first layer to the last, with linear interpolation between them. Those of a whole-number knob
are `int`, and what lies between them is rounded to the nearest whole number, halves up."""

LONGEST_LAYER = 10
"""Longer numbers in names are no layers; Python takes long to read them."""


Stages = Mapping[str, Sequence[Knob]]
"""The knobs of each stage of a recipe (`method`, `sparsify`), named as recipes spell them."""


@dataclass(frozen=True)
class Place:
    """A knob of one stage. `name` is its spelling in recipes, prefixed with `method.` or `sparsify.` if both have it."""

    owner: str
    knob: Knob
    name: str


@dataclass(frozen=True)
class Override:
    """Knob values for the tensors whose names contain a match of the regex `match` (RE2's syntax); with `model`, for that expert only.

    With `layers` (the first and the end), only for tensors of these layers. Knobs are spelled as in `Place`.
    """

    match: str
    knobs: Mapping[str, Value | Ramp]
    model: str | None = None
    layers: tuple[int, int] | None = None

    def applies(self, key: str, model: str | None) -> bool:
        """Whether the override applies to this tensor and expert; for `model` None, to all experts."""
        return self.model in (None, model) and self.reaches(key)

    def reaches(self, key: str) -> bool:
        """Whether the override applies to this tensor, for at least one expert."""
        return self._is_inside(key) and name_pattern(self.match)(key)

    def misses(self, keys: Collection[str]) -> bool:
        """Whether it is mistaken: no tensor has a match of the pattern, or none is in its layers."""
        return not any(map(name_pattern(self.match), keys)) or not any(map(self._is_inside, keys))

    def _is_inside(self, key: str) -> bool:
        layer = layer_of(key) if self.layers else None
        return not self.layers or (layer is not None and self.layers[0] <= layer < self.layers[1])

    def at(self, name: str, key: str, depth: float) -> Value:
        """The value of knob `name` for a tensor to which the override applies, at its depth in the model.

        With `layers`, a ramp runs over those; over a single layer, it has its last value.
        """
        layer = layer_of(key)
        if self.layers and layer is not None:
            steps = self.layers[1] - self.layers[0] - 1
            depth = (layer - self.layers[0]) / steps if steps else 1.0
        return at(self.knobs[name], depth)

    @property
    def where(self) -> str:
        """The tensors that it is meant for, as in an error message."""
        return f"{brief(self.match)} in layers {list(self.layers)}" if self.layers else brief(self.match)

    def to_mapping(self) -> dict[str, Any]:
        """The override as written in a recipe file."""
        knobs = {name: list(value) if isinstance(value, tuple) else value for name, value in self.knobs.items()}
        layers = {"layers": list(self.layers)} if self.layers else {}
        return {"match": self.match, **layers, **({"model": self.model} if self.model else {}), **knobs}


def read_override(number: int, given: object, stages: Stages, models: Sequence[str]) -> Override:
    """Check one entry of a recipe's `overrides`; `stages` holds the knobs of the method and the sparsifier.

    Raises ValueError with one line per problem.
    """
    where = f"entry {number} of overrides"
    if not isinstance(given, Mapping) or not isinstance(given.get("match", "" if "layers" in given else None), str):
        raise ValueError(f"{where} must be {{match: REGEX, KNOB: number}}, got {brief(given)}")
    match, layers = given.get("match", ""), given.get("layers")
    problems = [*_regex_problems(where, match), *_model_problems(where, given.get("model"), models)]
    problems += _layer_problems(where, layers)
    knobs: dict[str, Value | Ramp] = {}
    for name in given:
        if name not in ("match", "model", "layers"):
            try:
                place = _varying(where, name, given, stages)
                knobs[_once(where, place, knobs)] = _read_value(where, place, given[name])
            except ValueError as error:
                problems.append(str(error))
    if not knobs and not problems:
        problems.append(f"{where} changes nothing: add a knob, such as density: 0.5")
    if problems:
        raise ValueError("\n".join(problems))
    return Override(match, knobs, given.get("model"), None if layers is None else (layers[0], layers[1]))


def read_own_knobs(number: int, model: str, given: Mapping[str, object], stages: Stages) -> dict[str, Value]:
    """Check the knobs in one entry of a recipe's `models`; the result spells them as in `Place`.

    Raises ValueError with one line per problem.
    """
    own = {owner: [knob for knob in knobs if is_own(knob)] for owner, knobs in stages.items()}
    known = ["model", "weight", *(place.name for place in _places(own))]
    problems, where = [], f"entry {number} of models"
    checked: dict[str, Value] = {}
    for name, value in given.items():
        try:
            place = find_place(name, own) or _unknown(f"unknown field {brief(name)} in {where}{nearest(name, known)}")
            checked[_once(where, place, checked)] = place.knob.domain.check(f"{place.name} of {model}", value)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    return checked


def find_place(name: object, stages: Stages) -> Place | None:
    """The knob that `name` refers to, or None. Raises ValueError if both stages have a knob of that name."""
    asked, _, plain = str(name).rpartition(".")
    found = [place for place in _places(stages) if place.knob.name == plain and asked in ("", place.owner)]
    if len(found) > 1:
        raise ValueError(f"both stages have a knob {name}: write {' or '.join(place.name for place in found)}")
    return found[0] if found else None


def is_own(knob: Knob) -> bool:
    """Whether each expert may have its own value of the knob; not true of its weight, which is listed separately."""
    return isinstance(knob.domain, Range) and knob.domain.each


def varies(knob: Knob) -> bool:
    """Whether the knob may differ between tensors: true for numbers, except those that concern the whole merge."""
    return isinstance(knob.domain, Range) and knob.domain.varies


def at(value: Value | Ramp, depth: float) -> Value:
    """The value at a depth in [0, 1]: constant, or interpolated along the ramp; whole along a ramp of whole numbers."""
    if not isinstance(value, tuple):
        return value
    place = depth * (len(value) - 1)
    left = min(int(place), len(value) - 2)
    between = value[left] + (place - left) * (value[left + 1] - value[left])
    return math.floor(between + 0.5) if isinstance(value[left], int) else between


@lru_cache(maxsize=1 << 14)
def layer_of(key: str) -> int | None:
    """The layer of a tensor, which is the first number in its name; None outside of layers."""
    return _stack_and_layer(key)[1]


def depths(keys: Iterable[str]) -> dict[str, float]:
    """The depth of each tensor in its stack of layers, from 0 (first) to 1 (last); 0 for tensors outside of layers.

    The first number in a name is its layer. Stacks with different prefixes (encoder, decoder) are counted separately.
    """
    found = {key: _stack_and_layer(key) for key in keys}
    last: dict[str, int] = {}
    for stack, layer in found.values():
        last[stack] = max(last.get(stack, 0), layer or 0)
    return {key: (layer or 0) / max(1, last[stack]) for key, (stack, layer) in found.items()}


def _stack_and_layer(key: str) -> tuple[str, int | None]:
    """The name of a tensor up to its first number, and that number, if something stands before it."""
    parts = key.split(".")
    for place, part in enumerate(parts[1:], 1):
        if part.isascii() and part.isdigit() and len(part) < LONGEST_LAYER:
            return ".".join(parts[:place]), int(part)
    return key, None


def _regex_problems(where: str, pattern: str) -> Iterable[str]:
    try:
        name_pattern(pattern)
    except ValueError as error:
        yield f"match in {where} {error}"


def _layer_problems(where: str, layers: object) -> Iterable[str]:
    if layers is None:
        return
    whole = isinstance(layers, Sequence) and all(isinstance(one, int) and not isinstance(one, bool) for one in layers)
    if not whole or len(layers) != 2 or not 0 <= layers[0] < layers[1]:  # type: ignore[arg-type, index]
        yield f"layers in {where} must be [first, end], such as [0, 8] for the first eight layers, got {brief(layers)}"


def _model_problems(where: str, model: object, models: Sequence[str]) -> Iterable[str]:
    if model is not None and model not in models:
        yield f"{where} names the model {brief(model)}, which the recipe does not merge{nearest(model, models)}"


def _places(stages: Stages) -> list[Place]:
    names = [knob.name for knobs in stages.values() for knob in knobs]
    return [
        Place(owner, knob, knob.name if names.count(knob.name) == 1 else f"{owner}.{knob.name}")
        for owner, knobs in stages.items()
        for knob in knobs
    ]


def _unknown(sentence: str) -> Place:
    raise ValueError(sentence)


def _once(where: str, place: Place, knobs: Mapping[str, object]) -> str:
    if place.name in knobs:
        raise ValueError(f"{place.name} occurs twice in {where}: keep one of the two")
    return place.name


def _varying(where: str, name: object, given: Mapping[str, object], stages: Stages) -> Place:
    known = [place.name for place in _places(stages) if varies(place.knob)]
    place = find_place(name, stages) or _unknown(f"no knob {brief(name)} can vary over layers{nearest(name, known)}")
    if not varies(place.knob):
        raise ValueError(f"{name} in {where} cannot vary over layers: only numbers that apply per tensor can")
    if given.get("model") is not None and not (place.knob.per_model or is_own(place.knob)):
        raise ValueError(f"{name} in {where} has one value for all experts: leave out model")
    return place


def _read_value(where: str, place: Place, value: object) -> Value | Ramp:
    knob, label = place.knob, f"{place.knob.name} of {place.owner} in {where}"
    if not isinstance(value, Sequence) or isinstance(value, str):
        return knob.domain.check(label, value)
    if len(value) < 2:
        raise ValueError(f"{label} must be a number or a ramp of at least two numbers, got {brief(value)}")
    return tuple(knob.domain.check(label, entry) for entry in value)  # type: ignore[misc]  # a range has numbers
