"""The steps of a sketch for a stretch on a GPU: levels, features and sums are worked out there."""

from __future__ import annotations

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.kernels.arguments import LevelSource
from mergelab.kernels.gpu.launch import launch
from mergelab.kernels.gpu.stack import GpuStack
from mergelab.kernels.gpu.survival_curves import add_steps, find_levels
from mergelab.kernels.gpu.transfer import lane
from mergelab.methods.ops.stack import BINS

COPIES = 8
"""Tables of sums that are filled beside each other: an entry adds to each sum of its row, and few rows are near each other."""
FINEST = 50
"""Bits after the point at most: a feature that fills them is still a whole float64."""
SIGN_AND_GAIN = 2
"""Bits of a sum for its sign, and because what is gained lies between -1 and 1."""

Array = NDArray[numpy.float64]
Sums = tuple[Array, Array, Array]


def stepped(stack: GpuStack, levels: LevelSource) -> list[Sums] | None:
    """For each cut the sums of entries, models and pairs, float64, as `sketch.steps` has them; None where a delta is not
    finite.

    Counts are exact. Each term of another sum is worked out in float64 and rounded to 2^-b of the largest that it could be
    in this stretch, b = 61 - log2(entries · models), at most 50: 36 bits for 10 million entries of 3 models, so that a sum
    is off by 2^-37 of that bound an entry at most. The sums are the same in every run, whatever the order of programs.
    """
    with lane(stack.device):
        values, found = _levelled(stack, levels)
        if values is None:
            return None
        return _summed(values, found, levels.never)


def _levelled(stack: GpuStack, levels: LevelSource) -> tuple[Tensor | None, Tensor]:
    """What is left of the deltas, float32 (n_models, count), and int16 levels (n_cuts, n_models, count)."""
    n_models, n_cuts = len(stack.experts), max(1, len(levels.tables))
    values = torch.empty(n_models, stack.count, device=stack.device)
    found = torch.empty(n_cuts, n_models, stack.count, dtype=torch.int16, device=stack.device)
    tables = levels.tables if len(levels.tables) else numpy.zeros((1, n_models, BINS), numpy.int16)
    keys = stack.over_models(torch.from_numpy(levels.keys.astype(numpy.int64)).reshape(-1))
    bad = stack.flag()
    given = n_cuts, stack.over_models(torch.from_numpy(tables)), keys, levels.never, values, found, bad
    stack.run(find_levels, stack.count, *given, apart=True, BY_DRAW=len(levels.keys) > 0, BINS=BINS)
    if len(levels.given):
        own = stack.over_models(torch.from_numpy(levels.given)).reshape(found.shape)
        found = torch.where(values == 0, levels.never, own).to(torch.int16)
    return (None if bad else values), found


def _summed(values: Tensor, levels: Tensor, never: int) -> list[Sums]:
    n_cuts, n_models, count = levels.shape
    shapes = (1, 8 + n_models), (n_models, 2 + n_models), (n_models * (n_models - 1) // 2, 3)
    sums = [
        torch.zeros(COPIES, n_cuts, things, never, features, dtype=torch.int64, device=values.device)
        for things, features in shapes
    ]
    unit, scales = _unit(count * n_models, values.device), _scales(values)
    launch(
        add_steps,
        count,
        values,
        levels,
        count,
        n_models,
        never,
        unit,
        scales,
        *sums,
        models=n_cuts * n_models,
        parts=2,
        COPIES=COPIES,
    )
    pairs = zip(sums, _worth(unit, scales), strict=True)
    entries, own, shared = (_complete(each.sum(0).double() * worth[:, None]) for each, worth in pairs)
    return list(zip(entries[:, 0], own, shared, strict=True))


def _unit(terms: int, device: torch.device) -> Tensor:
    """What 1 is in sums of so many integers that cannot overflow, float64 (1,)."""
    bits = min(FINEST, 63 - SIGN_AND_GAIN - terms.bit_length())
    return torch.full((1,), 2.0**bits, dtype=torch.float64, device=device)


def _scales(values: Tensor) -> Tensor:
    """What brings each model's deltas below 1 and, last, any sum over models; powers of two, float64 (n_models + 1,)."""
    n_models, count = values.shape
    largest = values.abs().amax(1).double() if count else torch.zeros(n_models, dtype=torch.float64)
    exponents = torch.frexp(largest).exponent.double()
    together = exponents.amax(0, keepdim=True) + (n_models - 1).bit_length()
    return torch.exp2(-torch.cat([exponents, together])).to(values.device)


def _worth(unit: Tensor, scales: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What 1 in the sums of integers is worth, (things, features) for entries, models and pairs."""
    sizes, fraction, one = 1 / scales[:-1], 1 / unit, torch.ones_like(unit)
    largest = 1 / scales[-1:]
    entries = torch.cat(
        [one, one, largest * fraction, fraction, fraction, largest**2 * fraction, largest * sizes * fraction, one, one]
    )
    products = torch.outer(sizes, sizes) * fraction
    counted = torch.ones_like(sizes)[:, None]
    first, second = torch.triu_indices(len(sizes), len(sizes), 1, device=unit.device)
    pairs = torch.ones(len(first), 3, dtype=torch.float64, device=unit.device)
    pairs[:, 2] = products[first, second]
    return entries[None], torch.cat([counted, sizes[:, None] * fraction, products], 1), pairs


def _complete(sums: Tensor) -> Array:
    """Sums by level on the host, with a last level for what is never kept, which nothing is read from."""
    found: Array = torch.nn.functional.pad(sums, (0, 0, 0, 1)).cpu().numpy()
    return found
