"""What a statistic of one model on calibration rows is, and the table of those there are. One file per kind registers itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from mergelab.evaluation.tasks import Encoded, TaskSet
from mergelab.methods.knobs import Value
from mergelab.runtime.progress import ProgressGen


@dataclass(frozen=True)
class Session:
    """A model in eval mode that answers a task, with the task's calibration rows made ready for it.

    `names` are the parameters (as the model calls them) that a statistic is wanted of; `labels` is int64 (rows,).
    """

    model: nn.Module
    rows: Encoded
    labels: Tensor | None
    names: frozenset[str]
    title: str = ""

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return next(self.model.parameters()).device

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        """The model's keyword arguments for the rows at `index`, on its device."""
        return {name: value.to(self.device) for name, value in self.rows.batch(index).items()}


class StatisticSpec(Protocol):
    """A statistic with its settings; its `repr` names all of them, because statistics are kept by it."""

    @property
    def title(self) -> str:
        """What progress is reported as."""

    @property
    def attention(self) -> str | None:
        """The attention that the model must compute with, or None for transformers' own choice."""

    def take(self, session: Session) -> ProgressGen[dict[str, Tensor]]:
        """float32 by parameter name, on the CPU; a parameter that has no such statistic is left out."""


Maker = Callable[[TaskSet, Mapping[str, Value]], StatisticSpec]
"""(the task, the knobs of the method that asks) -> the measure."""

MEASURES: dict[str, Maker] = {}


def measure(kind: str) -> Callable[[Maker], Maker]:
    """Register the decorated function as the way to set up the statistic that rules declare as `kind`."""

    def register(maker: Maker) -> Maker:
        MEASURES[kind] = maker
        return maker

    return register
