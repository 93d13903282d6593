"""Tensors with one row per token, with their rows in the order of another vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.framed import Alias, View
from mergelab.checkpoints.files.interface import TensorSpec

NONE = -1
"""In place of a row's number: the tensor has no such row."""


@dataclass(frozen=True, eq=False)
class TokenRows:
    """The rows `rows` of a tensor; where it has none, the rows of `others`, in which every row exists.

    If the two formats differ, both are given in a format that holds both without rounding.
    """

    source: Alias
    rows: Tensor
    others: View | None = None

    @property
    def spec(self) -> TensorSpec:
        own = self.source.spec
        dtype = own.dtype if self.others is None else torch.promote_types(own.dtype, self.others.spec.dtype)
        return TensorSpec((len(self.rows), *own.shape[1:]), dtype)

    def read(self) -> Tensor:
        values, there = self.source.read(), self.rows != NONE
        found = torch.zeros(self.spec.shape) if self.others is None else self.others.read()
        found = found.to(self.spec.dtype, copy=True)
        found[there] = values[self.rows[there]].to(self.spec.dtype)
        return found


@dataclass(frozen=True, eq=False)
class MeanRows:
    """Per row, the mean of the tensors that have it, in float64, rounded once; 0 where none has it."""

    parts: Sequence[tuple[Alias, Tensor]]
    dtype: torch.dtype

    @property
    def spec(self) -> TensorSpec:
        source, rows = self.parts[0]
        return TensorSpec((len(rows), *source.spec.shape[1:]), self.dtype)

    def read(self) -> Tensor:
        total = torch.zeros(self.spec.shape, dtype=torch.float64)
        times = torch.zeros(len(total), dtype=torch.float64)
        for source, rows in sorted(self.parts, key=lambda part: part[0].source.content_hash()):
            there = rows != NONE
            total[there] += source.read()[rows[there]].double()
            times += there
        return (total / times.clamp(min=1).reshape(-1, *[1] * (total.ndim - 1))).to(self.dtype)
