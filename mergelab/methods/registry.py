"""Rules, read from the signatures of pure functions, and the table of merge methods."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal, Protocol

from torch import Tensor

from mergelab.methods.knobs import Knob, annotation_of, nearest, read_knobs
from mergelab.methods.ops.reason import Reason
from mergelab.methods.ops.stack import Stack

__all__ = [
    "METHODS",
    "Base",
    "Combines",
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
Parts = Callable[[Mapping[str, Any], int], Sequence[float] | None]
"""How much each of `n_models` experts counts, in the recipe's order, with these knobs; None: as its weight says."""
Combines = Literal["sum", "mean", "elected mean"]
"""How a merged delta follows from the experts' kept deltas: their weighted sum, their weighted mean, or the mean of those
that agree with the elected sign."""
Elementwise = bool | Callable[[Mapping[str, Any]], bool]
"""Whether a rule treats entries independently once its surveys are done: always, never, or depending on its knobs."""
Why = Callable[..., Reason]
"""Tells why weights are what they are: called with the stack and those of the rule's arguments that it names; `strengths` names
what the rule's function of that name gives."""


class Survey(Protocol):
    """Computes a figure that a rule needs before it can merge a tensor, from the whole model or only from that tensor.

    While `passes` is positive, the engine passes every tensor to `update` once and then calls `finish_pass`. Calls of
    `update` may come from several threads. For elementwise rules, a stack may be a chunk of a tensor, or several small
    tensors with the same settings. Tensors whose deltas are all 0 may be skipped. With `scope` "tensor", each tensor has
    its own survey.
    """

    passes: int
    scope: str

    def update(self, stack: Stack) -> None:
        """Add one tensor, a chunk of it, or several small tensors; the stack's `moved` and `counts` name them."""

    def finish_pass(self) -> None:
        """End a pass and decrement `passes`."""

    def value(self, settings: Mapping[str, Any]) -> object:
        """The figure for a tensor with these settings; the rule receives it as the argument that declares the survey."""


@dataclass(frozen=True)
class ModelStatistic:
    """Marks an argument whose value comes from a survey.

    `start(n_models, settings)` creates the survey; `settings` holds the knobs of each tensor that it will see. The
    figures of surveys declared earlier are in the settings of the stacks passed to `update`.
    """

    start: Callable[[int, Sequence[Mapping[str, Any]]], Survey]


Shape = tuple[int, ...]


def same_shape(shape: Shape) -> Shape:
    """The shape of a statistic with one number per parameter."""
    return shape


@dataclass(frozen=True)
class Statistic:
    """Marks an argument that receives a calibration statistic, such as the diagonal Fisher.

    The argument is (n_models, *statistic shape). `shape` maps a tensor's shape to the shape of one model's statistic, or
    to None if the tensor has none. If `partial`, a tensor for which no model has the statistic gets None instead of an
    error.
    """

    kind: str
    shape: Callable[[Shape], Shape | None] = same_shape
    partial: bool = False


@dataclass(frozen=True)
class Position:
    """Marks an argument that receives each model's position in the recipe, int64 (n_models,).

    The engine sorts stacks by content, so that the order in a recipe cannot change a bit of the result. Rules whose
    result depends on the recipe's order declare this argument.
    """


@dataclass(frozen=True)
class RandomBits:
    """Marks an argument that receives random 32-bit integers, int64 (n_models, *shape).

    They depend on the seed, the expert and the tensor's name.
    """


@dataclass(frozen=True)
class Key:
    """Marks an argument that receives the tensor's name, for rules that make exceptions for some tensors."""


@dataclass(frozen=True)
class Base:
    """Marks an argument that receives the base model's tensor, float32 (*shape)."""


@dataclass(frozen=True)
class Log:
    """Marks an argument that receives a function for logging a sentence about this tensor to the user."""


Mark = ModelStatistic | Statistic | Position | RandomBits | Key | Base | Log


def silent(sentence: str) -> None:
    """Discard a log sentence; the default for arguments marked with `Log`."""


@dataclass(frozen=True)
class Rule:
    """A method or a sparsifier, as read from its signature: a pure function of one stack, its knobs and its inputs.

    `space` says whether the stack holds deltas or weights. `knobs` are the arguments with a domain, set by the recipe;
    `inputs` the marked arguments, which the engine fills in. The other fields are those of the decorators `method` and
    `sparsifier`.
    """

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
    parts: Parts | None = None
    speaks: Callable[[Mapping[str, Any]], bool] | None = None
    why: Why | None = None
    combines: Combines | None = None
    strengths: Callable[..., Tensor] | None = None

    @classmethod
    def read(cls, function: Callable[..., Tensor], title: str, space: Space, paper: str, **traits: Any) -> Rule:
        """The rule described by the name, docstring and annotations of `function`."""
        hints = typing.get_type_hints(function, include_extras=True)
        marks = {name: annotation_of(hint, Mark) for name, hint in hints.items()}
        inputs = {name: mark for name, mark in marks.items() if mark is not None}
        return cls(function.__name__, title, function, space, paper, read_knobs(function), inputs, **traits)

    def splits(self, settings: Mapping[str, Any]) -> bool:
        """Whether a chunk of a tensor can be processed without the rest of it."""
        return self.elementwise if isinstance(self.elementwise, bool) else self.elementwise(settings)

    def strengths_of(self, arguments: Mapping[str, Any]) -> Tensor | None:
        """The weights of the mean that the method is, (n_models, *shape), for its arguments; None for other methods."""
        if self.strengths is None:
            return None
        return self.strengths(**{name: arguments.get(name) for name in signature(self.strengths).parameters})

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    @property
    def per_model(self) -> Knob | None:
        """The knob with a value per expert, or None."""
        return next((knob for knob in self.knobs if knob.per_model), None)

    def wanting(self, kind: type) -> dict[str, Any]:
        """The arguments with a mark of this kind, by name."""
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
    parts: Parts | None = None,
    speaks: Callable[[Mapping[str, Any]], bool] | None = None,
    why: Why | None = None,
    combines: Combines | None = None,
    strengths: Callable[..., Tensor] | None = None,
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register a function `(stack (n_models, *shape), *, knobs…) -> (*shape)` as a merge method under its own name.

    `space` says whether the stack holds deltas or weights; for deltas, the engine adds the base to the result. `models`
    is the exact number of experts, or None for any. `keeps_equal` is False if merging identical experts may return
    something else. `elementwise` allows the engine to split large tensors into chunks. `on_one_thread` is True if most of
    the time is spent in `mergelab.linalg`, which uses one thread; the engine then merges several tensors at once. `parts`
    gives the experts' shares of running statistics where a knob other than their weights decides who counts. `speaks` says
    for which settings the function may log a sentence: a kernel, which logs none, then leaves the tensor to the function.
    `why` tells what decides each weight.

    Two traits tell the page what it can show of a method: `combines`, where the merged delta is a sum or a mean of the kept
    deltas, and `strengths`, where the method is a mean whose weights differ from entry to entry: the function that gives
    them, (n_models, *shape), from arguments that it shares with the method.
    """
    traits = {
        "models": models,
        "keeps_equal": keeps_equal,
        "elementwise": elementwise,
        "on_one_thread": on_one_thread,
        "parts": parts,
        "speaks": speaks,
        "why": why,
        "combines": combines,
        "strengths": strengths,
    }

    def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        METHODS[function.__name__] = Rule.read(function, title, space, paper, **traits)
        return function

    return register


def find(kind: str, table: Mapping[str, Rule], name: str) -> Rule:
    """The rule called `name` in `table`; raises ValueError with the nearest name and all known ones."""
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}{nearest(name, table)}")
    return table[name]
