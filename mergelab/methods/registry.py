"""The table of merge methods: what a rule is, and the decorator that reads it from a function's signature."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from torch import Tensor

from mergelab.methods.knobs import Knob, annotation_of, nearest, read_knobs
from mergelab.methods.ops.stack import Stack

__all__ = [
    "METHODS",
    "Base",
    "Key",
    "Log",
    "ModelStatistic",
    "Position",
    "RandomBits",
    "Rule",
    "Stack",
    "Statistic",
    "Survey",
    "find",
    "method",
    "silent",
]

Space = Literal["deltas", "weights"]
Elementwise = bool | Callable[[Mapping[str, Any]], bool]
"""Whether a rule treats every entry by itself, given its surveys: always, never, or as its knobs say."""


class Survey(Protocol):
    """A figure that a rule needs before it can treat one tensor: of the whole model, or of that tensor.

    While `passes` is above 0 the engine shows it every tensor once (where rules work entry by entry in stretches, small
    ones of the same settings several in one stack, and from several threads), then calls `finish_pass`. Tensors in which all
    deltas are 0 may be left out. With `scope` "tensor" each tensor has a survey of its own.
    """

    passes: int
    scope: str

    def update(self, stack: Stack) -> None:
        """Take in one tensor, a stretch of it, or several small ones: `moved` and `counts` of the stack tell which."""

    def finish_pass(self) -> None:
        """End a pass, counting `passes` down."""

    def value(self, settings: Mapping[str, Any]) -> object:
        """The figure for a tensor with these settings, handed to the rule under the name of the argument that declares
        the survey."""


@dataclass(frozen=True)
class ModelStatistic:
    """Marks an argument that a survey fills in.

    `start(n_models, settings)` makes the survey; `settings` has the knobs for each tensor that it will be shown. What
    surveys declared before this one found stands in the settings of the stacks that it sees.
    """

    start: Callable[[int, Sequence[Mapping[str, Any]]], Survey]


Shape = tuple[int, ...]


def same_shape(shape: Shape) -> Shape:
    """The shape of a statistic that has one number for each parameter."""
    return shape


@dataclass(frozen=True)
class Statistic:
    """Marks an argument holding a calibration statistic, (n_models, *statistic's shape), such as the diagonal Fisher.

    `shape` gives one model's statistic shape for a tensor's shape, or None for a tensor that has none. Where `partial`,
    a tensor of which no model has the statistic gets None instead of an error.
    """

    kind: str
    shape: Callable[[Shape], Shape | None] = same_shape
    partial: bool = False


@dataclass(frozen=True)
class Position:
    """Marks an argument that receives each model's place in the recipe, int64 (n_models,).

    The stack is sorted by content, so that the order of a recipe cannot change a bit of the result; a rule in which
    order has a meaning asks for the places.
    """


@dataclass(frozen=True)
class RandomBits:
    """Marks an argument that receives random 32-bit integers, int64 (n_models, *shape), keyed by seed, expert and tensor."""


@dataclass(frozen=True)
class Key:
    """Marks an argument that receives the tensor's name, for rules that treat some tensors apart."""


@dataclass(frozen=True)
class Base:
    """Marks an argument that receives the base's tensor, float32 (*shape)."""


@dataclass(frozen=True)
class Log:
    """Marks an argument that receives a function to tell the person something about this tensor."""


Mark = ModelStatistic | Statistic | Position | RandomBits | Key | Base | Log


def silent(sentence: str) -> None:
    """Where a rule's remarks go when nobody listens."""


@dataclass(frozen=True)
class Rule:
    """A registered method or sparsifier: a pure function over one stack, plus what its signature declares."""

    name: str
    title: str
    function: Callable[..., Tensor]
    space: Space
    paper: str
    knobs: tuple[Knob, ...]
    inputs: Mapping[str, Mark]
    models: int | None = None
    keeps_equal: bool = True
    elementwise: Elementwise = False
    by_row: bool = False
    alone: bool = True
    on_one_thread: bool = False

    @classmethod
    def read(cls, function: Callable[..., Tensor], title: str, space: Space, paper: str, **traits: Any) -> Rule:
        """The rule that `function`'s name, docstring and annotations describe."""
        hints = typing.get_type_hints(function, include_extras=True)
        marks = {name: annotation_of(hint, Mark) for name, hint in hints.items()}
        inputs = {name: mark for name, mark in marks.items() if mark is not None}
        return cls(function.__name__, title, function, space, paper, read_knobs(function), inputs, **traits)

    def splits(self, settings: Mapping[str, Any]) -> bool:
        """Whether a stretch of a tensor can be treated without the rest of it."""
        return self.elementwise if isinstance(self.elementwise, bool) else self.elementwise(settings)

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    @property
    def per_model(self) -> Knob | None:
        """The knob that every expert has a value of, or None."""
        return next((knob for knob in self.knobs if knob.per_model), None)

    def wanting(self, kind: type) -> dict[str, Any]:
        """The arguments that carry a mark of that kind, by name."""
        return {name: mark for name, mark in self.inputs.items() if isinstance(mark, kind)}

    def describe(self) -> dict[str, object]:
        """The rule as plain data, for JSON listings."""
        return {
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "paper": self.paper,
            "models": self.models,
            "statistics": [mark.kind for mark in self.wanting(Statistic).values()],
            "knobs": [knob.describe() for knob in self.knobs],
        }


METHODS: dict[str, Rule] = {}


def method(
    title: str,
    *,
    space: Space,
    paper: str,
    models: int | None = None,
    keeps_equal: bool = True,
    elementwise: Elementwise = False,
    on_one_thread: bool = False,
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register a function `(stack (n_models, *shape), *, knobs…) -> (*shape)` as a merge method under its own name.

    `space` says what the stack holds; for "deltas" the engine adds the base to what comes back. `models` fixes how many
    experts the method takes; `keeps_equal` is False where identical experts do not come back for any knobs;
    `elementwise` lets the engine hand over a large tensor in stretches; `on_one_thread` is True where most of the time goes
    into `mergelab.linalg`, so that the engine merges several tensors at once.
    """
    traits = {"models": models, "keeps_equal": keeps_equal, "elementwise": elementwise, "on_one_thread": on_one_thread}

    def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        METHODS[function.__name__] = Rule.read(function, title, space, paper, **traits)
        return function

    return register


def find(kind: str, table: Mapping[str, Rule], name: str) -> Rule:
    """The rule of that name in `table`, or a ValueError with the nearest and all known names."""
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}{nearest(name, table)}")
    return table[name]
