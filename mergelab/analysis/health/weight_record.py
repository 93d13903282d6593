"""What is measured of a merged model's tensors while they pass by, one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mergelab.analysis.health.source_lengths import SourceLengths, base_values, kept_lengths, runs_of, source_lengths
from mergelab.checkpoints import address
from mergelab.engine import MergeError, Plan
from mergelab.linalg import squares_of

EMBEDDINGS = ("embeddings", "word")


@dataclass(frozen=True)
class NonFinite:
    """How many values of a tensor are NaN, and how many infinite."""

    nan: int
    infinite: int


@dataclass(frozen=True)
class TensorLengths:
    """Squared L2 norms over the measured entries of one merged tensor: its own, that of its change from the base, and those
    of the models that it was made from. `entries` of the tensor's `count` were measured."""

    count: int
    entries: int
    merged: float
    change: float
    sources: SourceLengths

    @property
    def is_whole(self) -> bool:
        """Whether every entry was measured."""
        return self.entries == self.count


@dataclass
class WeightRecord:
    """The tensors of a merged model that have passed by. Without a plan, none is compared with anything.

    No tensor is kept. Sums are float64, in one fixed order, so that equal tensors give equal records. `embeddings` are the
    rows of the table of tokens, if there is one; `broken` says why a tensor of the models that it was made from is no measure.
    """

    plan: Plan | None = None
    parameters: int = 0
    tensors: int = 0
    embeddings: int | None = None
    non_finite: dict[str, NonFinite] = field(default_factory=dict)
    lengths: dict[str, TensorLengths] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._compared = frozenset(self.plan.keys if self.plan else ())
        self._kept = kept_lengths(self.plan) if self.plan else {}

    def add(self, key: str, tensor: Tensor) -> None:
        """Measure one tensor by the base's file key."""
        self.parameters += tensor.numel()
        self.tensors += 1
        if tensor.ndim == 2 and address(key) == EMBEDDINGS:
            self.embeddings = len(tensor)
        lengths = self._lengths_of(key, tensor)
        if lengths and lengths.is_whole and math.isfinite(lengths.merged):
            self.lengths[key] = lengths  # a finite sum proves finite values
        elif found := _non_finite(tensor):
            self.non_finite[key] = found
        elif lengths:
            self.lengths[key] = lengths

    def _lengths_of(self, key: str, tensor: Tensor) -> TensorLengths | None:
        if self.plan is None or key not in self._compared or not tensor.numel():
            return None
        try:
            return self._measured(self.plan, key, tensor.reshape(-1))
        except MergeError as error:  # a model holds values that are not finite
            self.broken[key] = str(error)
            return None

    def _measured(self, plan: Plan, key: str, tensor: Tensor) -> TensorLengths:
        runs = runs_of(len(tensor))
        if key not in self._kept:
            self._kept[key] = source_lengths(plan, key, runs)
        theirs = base_values(plan, key, runs)
        ours = (tensor if len(runs) == 1 else torch.cat([tensor[run] for run in runs])).to(theirs.dtype)
        merged, change = squares_of(ours, theirs)
        return TensorLengths(len(tensor), len(ours), merged, change, self._kept[key])


def _non_finite(tensor: Tensor) -> NonFinite | None:
    # A finite sum proves finite values and costs one read. A sum of finite values may overflow, so count only then.
    if not tensor.is_floating_point() or bool(torch.isfinite(tensor.sum())):
        return None
    nan, infinite = int(tensor.isnan().sum()), int(tensor.isinf().sum())
    return NonFinite(nan, infinite) if nan or infinite else None
