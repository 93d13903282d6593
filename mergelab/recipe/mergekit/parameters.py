"""The parameters of a mergekit config, checked by name and combined over its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mergelab.methods.knobs import brief, nearest
from mergelab.recipe.mergekit.config import Config
from mergelab.recipe.mergekit.config_part import Part, Source
from mergelab.recipe.mergekit.method_table import FIXED, IDLE, PARAMETERS, SWITCHES, Role, readings_of
from mergelab.recipe.mergekit.values import FilterRule, LayerwiseValue, layerwise, ramp, read_said

Level = Mapping[str, tuple[FilterRule, ...]]


@dataclass(frozen=True)
class Parameters:
    """Numbers of the merge (`shared`) and of each model (`own`) by mergekit name in the config's order; all switches."""

    shared: Mapping[str, LayerwiseValue]
    own: Mapping[str, Mapping[str, LayerwiseValue]]
    switches: Mapping[str, bool]

    def of(self, model: str, name: str) -> LayerwiseValue:
        """The value in a model's own parameters; empty for a model that is not listed."""
        return self.own.get(model, {}).get(name, LayerwiseValue())

    def weight(self, model: str) -> LayerwiseValue:
        """The weight of a model: its own, or else that of the merge."""
        own = self.of(model, "weight")
        return own if own.complete else self.shared.get("weight", LayerwiseValue())


def has_negative(weights: Sequence[LayerwiseValue]) -> bool:
    """Whether any tensor of any model gets a negative weight."""
    values = [value for weight in weights for value in (weight.value, *(value for _, value in weight.overrides))]
    return any(number < 0 for value in values if value is not None for number in ramp(value))


def read_parameters(problems: list[str], config: Config, part: Part) -> Parameters:
    """The parameters of a part of a config with a known method; unsupported ones are appended to `problems`."""
    shared = config.shared(part)
    levels = [_numbers(problems, config, level) for level in shared]
    names = dict.fromkeys(name for level in levels for name in level)
    switches = dict(SWITCHES[config.merge_method])
    for level in reversed(shared):
        said = {name: _switch(problems, name, value) for name, value in level.items() if name in switches}
        switches |= {name: value for name, value in said.items() if value is not None}
    return Parameters(
        {name: layered([level.get(name, ()) for level in levels]) for name in names},
        {
            source.model: {
                name: layerwise(said) for name, said in _numbers(problems, config, source.parameters, source).items()
            }
            for source in part.sources
        },
        switches,
    )


def _numbers(problems: list[str], config: Config, given: Mapping[str, Any], source: Source | None = None) -> Level:
    """The numbers of one level; names that do not belong there are appended to `problems`."""
    numbers = {name for reading in readings_of(config.merge_method) for name in reading.numbers}
    if source:
        numbers = {name for name in numbers if PARAMETERS[name].per_model}
    owner, found = source.model if source else "the merge", {}
    for name, value in given.items():
        if name not in numbers:
            problems += _misplaced(config, owner, name, value) if source else _unread(config.merge_method, name, value)
            continue
        try:
            found[name] = read_said(f"{name} of {owner}", value)
        except ValueError as error:
            problems.append(str(error))
    return found


def _misplaced(config: Config, model: str, name: str, value: object) -> list[str]:
    around = any(reading.base is Role.AROUND for reading in readings_of(config.merge_method))
    if (around and model == config.base_model) or name in IDLE[config.merge_method]:
        return []
    if not _unread(config.merge_method, name, value) or name in _names(config.merge_method):
        return [f"{name} of {model} applies to the whole merge: move it to the config's own parameters"]
    return _unread(config.merge_method, name, value)


def _unread(method: str, name: str, value: object) -> list[str]:
    fixed = FIXED.get(method, {})
    if name in fixed and value != fixed[name]:
        return [f"{name} of {method} is supported only at {fixed[name]:g}, got {brief(value)}"]
    if name not in _names(method):
        return [f"unknown parameter {brief(name)} of {method}{nearest(name, sorted(_names(method)))}"]
    return []


def _names(method: str) -> set[str]:
    numbers = {name for reading in readings_of(method) for name in reading.numbers}
    return {*numbers, *SWITCHES[method], *IDLE[method], *FIXED.get(method, {})}


def _switch(problems: list[str], name: str, value: object) -> bool | None:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if not isinstance(value, (bool, int, float)) or value not in (0, 1):
        problems.append(f"{name} must be true or false for the whole merge, got {brief(value)}")
        return None
    return bool(value)


def layered(levels: Sequence[tuple[FilterRule, ...]]) -> LayerwiseValue:
    """Combine levels as mergekit does: tensors that no filter of one level matches use the next level."""
    said: tuple[FilterRule, ...] = ()
    for level in levels:
        if not layerwise(said).complete:
            said += level
    return layerwise(said)
