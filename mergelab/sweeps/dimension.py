"""One direction of a sweep: a setting of the recipe with the values that it may take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mergelab.methods.knobs import Value, brief
from mergelab.sweeps.sweep_error import SweepError


class Trial(Protocol):
    """What chooses values: a trial of Optuna."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int: ...
    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...


@dataclass(frozen=True)
class Listed:
    """A setting by its path, and the values to choose from."""

    path: str
    values: tuple[Value, ...]

    def suggest(self, trial: Trial) -> Value:
        """The value of a trial."""
        found: Value = trial.suggest_categorical(self.path, self.values)
        return found


@dataclass(frozen=True)
class Span:
    """A setting by its path, and the numbers from `low` to `high`: every `step`, or all of them if it is 0.

    With `log`, all factors are equally likely. Both ends are `int` where the setting is a whole number.
    """

    path: str
    low: float
    high: float
    step: float = 0.0
    log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the setting is a whole number."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def suggest(self, trial: Trial) -> Value:
        """The value of a trial. Steps are added up in decimals, so that 0.05:1:0.05 gives 0.15 and no 0.15000000000000002."""
        if self.is_whole:
            return trial.suggest_int(self.path, int(self.low), int(self.high), step=int(self.step) or 1, log=self.log)
        found = trial.suggest_float(self.path, self.low, self.high, step=self.step or None, log=self.log)
        return round(found, 12)


Dimension = Listed | Span


def read_dimension(path: str, given: object, suggested: Span | None = None) -> Dimension:
    """The dimension that a sweep's file gives for the setting at `path`.

    A list is one of `Listed`; `low:high`, `low:high:step`, `low:high:log` and a mapping with `from`, `to`, `step` and `log` are one
    of `Span`; `suggested` is the range of the setting's slider. Raises `SweepError`.
    """
    if given == "suggested":
        if suggested is None:
            raise SweepError(f"{path} has no range of its own; give one such as 0:1:0.1, or a list")
        return suggested
    if isinstance(given, list):
        return _listed(path, given)
    if isinstance(given, str):
        given = _parts(path, given)
    if not isinstance(given, Mapping) or not {"from", "to"} <= set(given) <= {"from", "to", "step", "log"}:
        raise SweepError(
            f"{path} takes a list, a range such as 0:1:0.1 or 0.01:1:log, or suggested; got {brief(given)}"
        )
    return _span(path, given, suggested is None or suggested.is_whole)


def _listed(path: str, given: list[object]) -> Listed:
    values = [value for value in given if isinstance(value, int | float | str) and not isinstance(value, bool)]
    if len(values) != len(given) or not values or len(set(values)) < len(values):
        raise SweepError(f"{path} takes a list of different numbers or names, got {brief(given)}")
    return Listed(path, tuple(values))


def _parts(path: str, text: str) -> dict[str, Any]:
    """The parts of `low:high[:step][:log]`."""
    parts = [part.strip() for part in text.split(":")]
    log = parts[-1] == "log"
    numbers = [_number(path, part) for part in (parts[:-1] if log else parts)]
    if len(numbers) not in (2, 3):
        raise SweepError(f"{path} takes a range such as 0:1:0.1 or 0.01:1:log, got {brief(text)}")
    return dict(zip(("from", "to", "step"), numbers, strict=False)) | {"log": log}


def _number(path: str, text: str) -> float:
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError as error:
        raise SweepError(f"{path}: {brief(text)} is no number") from error


def _span(path: str, given: Mapping[str, Any], may_be_whole: bool) -> Span:
    """The range; of whole numbers if the setting takes them and all that is given is whole."""
    low, high, step, log = given["from"], given["to"], given.get("step", 0), given.get("log", False)
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in (low, high, step)):
        raise SweepError(f"{path}: the ends and the step of a range are numbers, got {_shorthand(given)}")
    if not low < high or step < 0 or step > high - low:
        raise SweepError(f"{path}: a range runs upwards, in steps that fit into it; got {_shorthand(given)}")
    if log and (low <= 0 or step):
        raise SweepError(f"{path}: a logarithmic range begins above 0 and has no step; got {_shorthand(given)}")
    if may_be_whole and all(isinstance(each, int) for each in (low, high, step)):
        return Span(path, low, high, step, bool(log))
    return Span(path, float(low), float(high), float(step), bool(log))


def _shorthand(given: Mapping[str, Any]) -> str:
    """The range as people write it: `0:1:0.1`."""
    parts = [
        given["from"],
        given["to"],
        *([given["step"]] if given.get("step") else []),
        *(["log"] if given.get("log") else []),
    ]
    return brief(":".join(str(part) for part in parts))
