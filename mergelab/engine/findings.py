"""The figures that surveys of one pipeline step found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mergelab.methods.registry import Survey


@dataclass
class TensorFigures:
    """Write-once cache for surveys of single tensors, which run when their tensor is first merged.

    Every entry is a pure function of the plan, so losing the cache would cost time but change no result.
    """

    figures: dict[tuple[str, str], Callable[[], Any]] = field(default_factory=dict)
    """Functions that return a figure, by the tensor's key and the argument's name."""
    idle: set[str] = field(default_factory=set)
    """Keys of tensors in which such a survey saw no delta."""


@dataclass(frozen=True)
class Findings:
    """Survey results of one pipeline step.

    `model_wide` holds the finished surveys of the whole model by argument; `per_tensor` names the arguments that are
    surveyed tensor by tensor. `idle` are the tensors in which a survey saw no delta: they stay as the base has them.
    """

    model_wide: Mapping[str, Survey] = field(default_factory=dict)
    per_tensor: tuple[str, ...] = ()
    idle: frozenset[str] = frozenset()
    of_tensors: TensorFigures = field(default_factory=TensorFigures, compare=False)
