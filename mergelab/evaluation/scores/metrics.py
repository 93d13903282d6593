"""The interface of a metric: from the marks of answers to a score, and to the difference of two models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy
from numpy.typing import NDArray

from mergelab.evaluation.scores.interval import Estimate, Z

Marks = NDArray[numpy.float64]
"""(rows, marks per row)."""


class Metric(ABC):
    """How the marks of a task's rows become a score. Instances register themselves under their `name`."""

    is_share: ClassVar[bool] = False
    """Whether scores are shares of rows, from 0 to 1, so that a mean over tasks has a meaning."""
    higher_is_better: ClassVar[bool] = True

    def __init__(self, name: str) -> None:
        self.name = name
        METRICS[name] = self

    @abstractmethod
    def estimate(self, marks: Marks, z: float = Z) -> Estimate:
        """The score of at least one row, with the interval that ±z standard errors of a normal would contain."""

    @abstractmethod
    def difference(self, first: Marks, second: Marks, z: float = Z) -> Estimate:
        """The score of `second` minus that of `first` on the same rows, with its paired interval."""


METRICS: dict[str, Metric] = {}


def find_metric(name: str) -> Metric:
    """The metric called `name`."""
    if name not in METRICS:
        raise ValueError(f"unknown metric {name!r}; known: {', '.join(sorted(METRICS))}")
    return METRICS[name]
