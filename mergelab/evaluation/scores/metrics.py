"""The interface of a metric: from the marks of answers to a score, and to the difference of two models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy
from numpy.typing import NDArray

from mergelab.evaluation.scores.interval import Estimate, Z
from mergelab.evaluation.scores.notation import Notation

Marks = NDArray[numpy.float64]
"""(rows, marks per row)."""


class Metric(ABC):
    """How the marks of a task's rows become a score. Instances register themselves under their `name`."""

    is_share: ClassVar[bool] = False
    """Whether scores are shares of rows, from 0 to 1, so that a mean over tasks has a meaning."""
    higher_is_better: ClassVar[bool] = True
    smallest_effect: float = 0.01
    """The smallest difference worth a name: two models whose difference surely is smaller are as good as each other."""

    def __init__(self, name: str) -> None:
        self.name = name
        METRICS[name] = self

    @property
    def notation(self) -> Notation:
        """How its figures are written: by itself as plain numbers."""
        scale = self.name if self.higher_is_better else f"{self.name}, lower is better"
        return Notation(scale, self.name)

    @abstractmethod
    def estimate(self, marks: Marks, z: float = Z) -> Estimate:
        """The score of at least one row, with the interval that ±z standard errors of a normal would contain."""

    @abstractmethod
    def difference(self, first: Marks, second: Marks, z: float = Z) -> Estimate:
        """The score of `second` minus that of `first` on the same rows, with its paired interval."""


METRICS: dict[str, Metric] = {}


def find_metric(name: str) -> Metric:
    """The metric called `name`. Names joined by "/" are those of a mean, for which the first stands: only shares have one."""
    first = name.split("/")[0]
    if first not in METRICS:
        raise ValueError(f"unknown metric {name!r}; known: {', '.join(sorted(METRICS))}")
    return METRICS[first]
