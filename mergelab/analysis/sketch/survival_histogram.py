"""What changes at an entry when its next delta starts to be kept, summed by level: the reference of `kernels.steps`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.sketch.curves import GRID, Curve, pairs_of

NEVER = GRID + 1
"""The level of what is never kept, zeros among it."""
LEVEL_COUNT = NEVER + 1
BLOCK = 1 << 13
"""Entries treated at once, so that temporaries stay small."""
OF_ENTRIES = ("conflicting", "against_count", "net", "agreement", "sign_agreement", "merged_square")


class SurvivalHistogram(NamedTuple):
    """Float64 sums by level of what is gained there.

    `entries` (LEVEL_COUNT, 6 + n_models + 2): `OF_ENTRIES`, the products of the merged delta with each model's, entries that one
    and that two models keep. `models` (n_models, LEVEL_COUNT, 2 + n_models): kept entries, their magnitudes, their products with
    each model's deltas. `pairs` (n_pairs, LEVEL_COUNT, 3): shared and opposed entries, products.
    """

    entries: NDArray[numpy.float64]
    models: NDArray[numpy.float64]
    pairs: NDArray[numpy.float64]

    @classmethod
    def none(cls, n_models: int) -> SurvivalHistogram:
        """Nothing gained."""
        n_pairs = len(pairs_of(n_models))
        shapes: Sequence[tuple[int, ...]] = (
            (LEVEL_COUNT, 8 + n_models),
            (n_models, LEVEL_COUNT, 2 + n_models),
            (n_pairs, LEVEL_COUNT, 3),
        )
        return cls(*(numpy.zeros(shape) for shape in shapes))

    def plus(self, other: SurvivalHistogram) -> SurvivalHistogram:
        """Both together."""
        return SurvivalHistogram(*(own + more for own, more in zip(self, other, strict=True)))


def steps(values: Tensor, levels: Tensor) -> SurvivalHistogram:
    """The steps of deltas (n_models, count) that start to be kept at `levels`, int16 from 1 to NEVER; NEVER where 0."""
    blocks = zip(torch.split(values, BLOCK, 1), torch.split(levels, BLOCK, 1), strict=True)
    total = SurvivalHistogram.none(len(values))
    for block, starts in blocks:
        total = total.plus(_steps(block.double(), starts.long()))
    return total


def curves_of(found: SurvivalHistogram, order: Sequence[int]) -> dict[str, Curve]:
    """One tensor's part of each of `Curves`' arrays; `order` gives the model of each expert of the recipe."""
    rank, own, shared = (array.cumsum(-2)[..., : GRID + 1, :] for array in found)
    rank, own, shared = (numpy.moveaxis(array, -1, 0) for array in (rank, own, shared))
    models = numpy.array(order)
    place = {pair: number for number, pair in enumerate(pairs_of(len(models)))}
    pairs = [place[min(i, j), max(i, j)] for i, j in ((order[i], order[j]) for i, j in pairs_of(len(models)))]
    return {
        **dict(zip(OF_ENTRIES, rank, strict=False)),
        "cross": rank[6:-2][models],
        "active": rank[-2],
        "overlapping": rank[-1],
        "kept": own[0][models],
        "norms_l1": own[1][models],
        "reach": numpy.swapaxes(own[2:][models], 0, 1)[models],
        **{name: each[pairs] for name, each in zip(("shared", "opposed", "products"), shared, strict=True)},
    }


def _steps(values: Tensor, levels: Tensor) -> SurvivalHistogram:
    entries, before = torch.zeros(8 + len(values), LEVEL_COUNT, dtype=torch.float64), torch.zeros(8 + len(values), 1)
    for when in levels.sort(0).values:
        now = _features(torch.where(levels <= when, values, 0.0), values)
        entries += _by_level(now - before, when)
        before = now
    ones = torch.ones_like(values[:1])
    models = [
        _by_level(torch.cat([ones, row.abs()[None], row * values]), own)
        for row, own in zip(values, levels, strict=True)
    ]
    pairs = [
        _by_level(torch.cat([ones, *_together(values[i], values[j])]), torch.maximum(levels[i], levels[j]))
        for i, j in pairs_of(len(values))
    ]
    return SurvivalHistogram(entries.T.numpy(), _stacked(models, 2 + len(values)), _stacked(pairs, 3))


def _together(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    product = (one * other)[None]
    return (product < 0).double(), product


def _features(kept: Tensor, values: Tensor) -> Tensor:
    """(6 + n_models + 2, count): what is said of entries of which `kept` is kept, 0 elsewhere."""
    positive, negative = kept > 0, kept < 0
    ups, downs, total, mass = positive.sum(0), negative.sum(0), kept.sum(0), kept.abs().sum(0)
    number, votes = ups + downs, ups - downs
    agreeing = kept.sign() == total.sign()
    merged = (kept * agreeing).sum(0) / (agreeing & (kept != 0)).sum(0).clamp(min=1)
    return torch.stack(
        [
            ((ups > 0) & (downs > 0)).double(),
            (votes.sign() != total.sign()).double(),
            total.abs(),
            torch.where(number > 0, total.abs() / mass, 0.0),
            votes.abs().double() / number.clamp(min=1),
            merged.square(),
            *(merged * values),
            (number > 0).double(),
            (number > 1).double(),
        ]
    )


def _by_level(features: Tensor, levels: Tensor) -> Tensor:
    """(n_features, LEVEL_COUNT): sums of (n_features, count) by the levels of the entries."""
    sums = torch.zeros(len(features), LEVEL_COUNT, dtype=torch.float64)
    return sums.scatter_add_(1, levels.expand(len(features), -1), features)


def _stacked(sums: Sequence[Tensor], n_features: int) -> NDArray[numpy.float64]:
    """(n_things, LEVEL_COUNT, n_features) from what `_by_level` gives for each."""
    found = torch.stack(list(sums)) if sums else torch.zeros(0, n_features, LEVEL_COUNT, dtype=torch.float64)
    turned: NDArray[numpy.float64] = found.transpose(1, 2).numpy()
    return turned
