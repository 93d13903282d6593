"""How many changes of each size a tensor holds, increases and decreases apart, in bins of a quarter of an octave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.sketch.curves import SIZE_BITS
from mergelab.methods.ops.stack import BINS

COUNT = 1 << (31 - SIZE_BITS)
"""Sizes of float32 magnitudes."""


@dataclass(frozen=True)
class MagnitudeHistogram:
    """(n_models, 2, width) counts of positive and of negative changes of the size numbered `first` and those after it."""

    first: int
    counts: Tensor

    @classmethod
    def of(cls, signed: Tensor) -> MagnitudeHistogram:
        """From (n_models, BINS) counts of the upper 16 bits of values; those below 2^-133, whose bits are 0, are left out."""
        by_sign = signed.reshape(len(signed), 2, BINS // 2).clone()
        by_sign[..., 0] = 0
        counts = by_sign.reshape(len(signed), 2, COUNT, -1).sum(3)
        lit = torch.nonzero(counts.any(0).any(0))
        first, last = (int(lit[0]), int(lit[-1]) + 1) if len(lit) else (0, 0)
        return cls(first, counts[..., first:last].to(torch.int32))


def joined(parts: Sequence[MagnitudeHistogram], n_models: int) -> tuple[NDArray[numpy.int32], int]:
    """int32 (n_parts, n_models, 2, width) over the sizes that are lit in any part, and the number of the first of them; one
    size where none is."""
    lit = [part for part in parts if part.counts.shape[2]]
    first = min((part.first for part in lit), default=0)
    last = max((part.first + part.counts.shape[2] for part in lit), default=1)
    found = numpy.zeros((len(parts), n_models, 2, last - first), numpy.int32)
    for row, part in zip(found, parts, strict=True):
        start = part.first - first if part.counts.shape[2] else 0
        row[..., start : start + part.counts.shape[2]] = part.counts.numpy()
    return found, first


def unsigned(signed: Tensor) -> Tensor:
    """int64 (n_models, BINS / 2): counts of magnitudes' upper 16 bits from those of values' (n_models, BINS)."""
    return signed.reshape(len(signed), 2, BINS // 2).sum(1)
