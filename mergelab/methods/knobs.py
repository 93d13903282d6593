"""What a knob is: a domain (range, choice, one number per model) and its reader from a function's signature."""

from __future__ import annotations

import difflib
import inspect
import math
import reprlib
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Value = float | int | str

LARGEST = 3.4028234663852886e38
"""The largest float32: merges compute in it."""
ANY, FROM_0 = (-LARGEST, LARGEST), (0.0, LARGEST)
"""Bounds of numbers that the maths does not limit, or to one side alone."""


@dataclass(frozen=True)
class Range:
    """A number whose slider runs from `low` to `high` by `step`; integer when `step` and both ends are `int`.

    The slider is a suggestion. `valid` are the bounds that the maths sets, which files, links and typed numbers may use:
    by default the slider's ends.
    With `each`, an expert of a recipe may have a number of its own: the function then gets a tensor (n_models,).
    Unless `varies` is False the number may also differ from tensor to tensor.
    """

    low: float
    high: float
    step: float
    help: str
    each: bool = False
    varies: bool = True
    valid: tuple[float, float] | None = None

    kind = "range"

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest valid number."""
        return self.valid or (self.low, self.high)

    @property
    def open_above(self) -> bool:
        """Whether float32 alone ends it."""
        return self.bounds[1] == LARGEST

    def check(self, name: str, value: object) -> Value:
        """`value` as a valid number, or a ValueError that says the rule."""
        number, (least, most) = _number(name, value), self.bounds
        if not least <= number <= most:
            rule = (
                f"must be at least {least:g}"
                if self.open_above and number < least
                else f"must be in [{least:g}, {most:g}]"
            )
            raise ValueError(f"{name} {rule}, got {brief(value)}")
        if isinstance(self.step, int):
            if number != int(number):
                raise ValueError(f"{name} must be a whole number, got {brief(value)}")
            return int(number)
        return float(number) + 0.0  # + 0.0 makes -0.0, which has another digest, 0.0

    def describe(self) -> dict[str, object]:
        """The domain as plain data, for JSON listings: the slider's ends, and the bounds of valid numbers."""
        least, most = self.bounds
        return {"kind": self.kind, "low": self.low, "high": self.high, "step": self.step, "least": least, "most": most}


@dataclass(frozen=True)
class PerModel(Range):
    """One such number for each expert; a recipe writes it beside the expert."""

    kind = "per_model"


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]
    help: str

    kind = "choice"

    def check(self, name: str, value: object) -> Value:
        """`value` if it is one of the options, or a ValueError that lists them and the nearest."""
        if value not in self.options:
            raise ValueError(f"{name} has no choice {brief(value)}{nearest(value, self.options)}")
        return str(value)

    def describe(self) -> dict[str, object]:
        """The domain as plain data, for JSON listings."""
        return {"kind": self.kind, "choices": list(self.options)}


Domain = Range | PerModel | Choice


@dataclass(frozen=True)
class Knob:
    """One setting of a method or sparsifier, as its signature declares it."""

    name: str
    domain: Domain
    default: Value

    @property
    def per_model(self) -> bool:
        """Whether each expert has a value of its own."""
        return isinstance(self.domain, PerModel)

    def describe(self) -> dict[str, object]:
        """Everything a slider, a flag or a table needs, as plain data."""
        return {"name": self.name, **self.domain.describe(), "default": self.default, "help": self.domain.help}


def read_knobs(function: Callable[..., object]) -> tuple[Knob, ...]:
    """The keyword-only arguments of `function` whose annotation carries a domain, in order.

    A `PerModel` knob without a default gets 1.0: every expert with full strength.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    knobs = []
    for name, parameter in inspect.signature(function).parameters.items():
        domain = annotation_of(hints[name], Domain)
        if domain is not None:
            default = 1.0 if parameter.default is inspect.Parameter.empty else parameter.default
            knobs.append(Knob(name, domain, default))
    return tuple(knobs)


def annotation_of(hint: object, kind: object) -> typing.Any:
    """The object of type `kind` inside an `Annotated` hint, or None."""
    return next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, kind)), None)  # type: ignore[arg-type]


def check_knobs(owner: str, knobs: Iterable[Knob], given: Mapping[str, object]) -> dict[str, Value]:
    """The complete settings of `owner`: defaults filled in, every value checked, unknown names refused.

    Raises ValueError with a line for each problem.
    """
    known = {knob.name: knob for knob in knobs if not knob.per_model}
    problems = [f"{owner} has no knob {brief(name)}{nearest(name, known)}" for name in given if name not in known]
    settings: dict[str, Value] = {}
    for name, knob in known.items():
        try:
            settings[name] = knob.domain.check(f"{name} of {owner}", given.get(name, knob.default))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    return settings


def nearest(name: object, known: Iterable[str]) -> str:
    """The tail of an error about an unknown name: `. Did you mean 'ties'? Known: average, ties`."""
    known = list(known)
    found = difflib.get_close_matches(brief(name).strip("'"), known, n=1, cutoff=0.5)
    guess = f" Did you mean {found[0]!r}?" if found else ""
    return f".{guess} Known: {', '.join(known) or 'none'}"


def brief(value: object) -> str:
    """`repr(value)` cut to a length that an error message can hold, however large or nested the value is."""
    return _BRIEF.repr(value)


_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 80


def _number(name: str, value: object) -> float:
    """`value` itself, so that a large whole number keeps its last digit."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise ValueError(f"{name} must be a finite number, got {brief(value)}")
    return value
