"""The interface of a statistic of one model on calibration rows, and the registry of all kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from mergelab.evaluation.kinds import Encoded
from mergelab.evaluation.tasks import TaskSet
from mergelab.methods.knobs import Value
from mergelab.runtime.progress import ProgressGen


@dataclass(frozen=True)
class CalibrationSession:
    """A model in eval mode that answers a task, with the task's calibration rows encoded for it.

    `names` are the parameters, by their names in the model, for which to compute a statistic; `labels` is int64 (rows,).
    """

    model: nn.Module
    rows: Encoded
    labels: Tensor | None
    names: frozenset[str]
    title: str = ""

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        return next(self.model.parameters()).device

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        """The model's keyword arguments for the rows at `index`, on its device."""
        return {name: value.to(self.device) for name, value in self.rows.batch(index).items()}


class StatisticSpec(Protocol):
    """A statistic with its settings, all of which must be in its `repr`, because that is part of the cache key."""

    @property
    def title(self) -> str:
        """The name of the stage in progress reports."""

    @property
    def attention(self) -> str | None:
        """The attention implementation that the model must use, or None for transformers' default."""

    def take(self, session: CalibrationSession) -> ProgressGen[dict[str, Tensor]]:
        """The statistic by parameter name, float32 on the CPU; parameters without it are omitted."""


Maker = Callable[[TaskSet, Mapping[str, Value]], StatisticSpec]
"""(task, knobs of the method) -> the statistic to compute."""

MEASURES: dict[str, Maker] = {}


def measure(kind: str) -> Callable[[Maker], Maker]:
    """Register the decorated function for the statistic that rules declare as `kind`."""

    def register(maker: Maker) -> Maker:
        MEASURES[kind] = maker
        return maker

    return register
