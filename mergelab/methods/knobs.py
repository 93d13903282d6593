"""Knobs, the settings of methods and sparsifiers, as declared by function signatures."""

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
"""The largest float32: merges are computed in float32."""
ANY, FROM_0 = (-LARGEST, LARGEST), (0.0, LARGEST)
"""Bounds for numbers that the maths does not limit at all, or only from below."""


@dataclass(frozen=True)
class Range:
    """A number whose slider runs from `low` to `high` in steps of `step`; an integer if `step` and both ends are `int`.

    The slider range is only a suggestion. `valid` holds the bounds set by the maths, which recipe files, links and typed
    numbers may use; the default is the slider range. If `each`, a recipe may give every expert its own number, and the
    function then receives a tensor (n_models,). Unless `varies` is False, the number may also differ between tensors.
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
        """The smallest and the largest valid number."""
        return self.valid or (self.low, self.high)

    @property
    def open_above(self) -> bool:
        """Whether the largest float32 is the only upper bound."""
        return self.bounds[1] == LARGEST

    def check(self, name: str, value: object) -> Value:
        """`value` as a valid number; raises ValueError naming the bounds."""
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
        return float(number) + 0.0  # turns -0.0 into 0.0: the two would give different recipe digests

    def describe(self) -> dict[str, object]:
        """The domain as plain data for JSON listings: the slider's ends and the valid bounds."""
        least, most = self.bounds
        return {"kind": self.kind, "low": self.low, "high": self.high, "step": self.step, "least": least, "most": most}


@dataclass(frozen=True)
class PerModel(Range):
    """One number per expert; a recipe lists it next to the expert."""

    kind = "per_model"


@dataclass(frozen=True)
class Choice:
    """One of a few named options."""

    options: tuple[str, ...]
    help: str

    kind = "choice"

    def check(self, name: str, value: object) -> Value:
        """`value` if it is one of the options; raises ValueError with the nearest option and all of them."""
        if value not in self.options:
            raise ValueError(f"{name} has no choice {brief(value)}{nearest(value, self.options)}")
        return str(value)

    def describe(self) -> dict[str, object]:
        """The domain as plain data for JSON listings."""
        return {"kind": self.kind, "choices": list(self.options)}


Domain = Range | PerModel | Choice


@dataclass(frozen=True)
class Knob:
    """One setting of a method or sparsifier, as declared by its signature."""

    name: str
    domain: Domain
    default: Value

    @property
    def per_model(self) -> bool:
        """Whether each expert has its own value."""
        return isinstance(self.domain, PerModel)

    def describe(self) -> dict[str, object]:
        """Everything that a slider, a command-line flag or a table needs, as plain data."""
        return {"name": self.name, **self.domain.describe(), "default": self.default, "help": self.domain.help}


def read_knobs(function: Callable[..., object]) -> tuple[Knob, ...]:
    """The knobs of `function`: its keyword-only arguments annotated with a domain, in order.

    A `PerModel` knob without a default gets 1.0, the full strength of every expert.
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
    """The complete settings of `owner`: defaults filled in and every value checked.

    Raises ValueError with one line per invalid value or unknown name.
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
    """The end of an error message about an unknown name: `. Did you mean 'ties'? Known: average, ties`."""
    known = list(known)
    found = difflib.get_close_matches(brief(name).strip("'"), known, n=1, cutoff=0.5)
    guess = f" Did you mean {found[0]!r}?" if found else ""
    return f".{guess} Known: {', '.join(known) or 'none'}"


def brief(value: object) -> str:
    """`repr(value)`, shortened to fit an error message however large or nested the value is."""
    return _BRIEF.repr(value)


_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 80


def _number(name: str, value: object) -> float:
    """`value` if it is a finite number, not converted to float, so that a large integer keeps its last digit."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise ValueError(f"{name} must be a finite number, got {brief(value)}")
    return value
