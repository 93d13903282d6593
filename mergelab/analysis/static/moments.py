"""Sums over the entries of a tensor's deltas, for cosines, norms and shares; they add up over tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.interference import pair_products

SMALL = 0.002
"""A change below this magnitude counts as small: Yu et al. (2024, arXiv:2311.03099) find that most changes of supervised
fine-tuning are, and that DARE works if they are."""
BLOCK = 1 << 16
"""Number of entries per model at once: the float64 copies fit in the processor's cache, and float32 counts are exact."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over the entries of one tensor, or of several added with `+`; numpy arrays, to be sent between processes.

    `products` (1 + n_experts, 1 + n_experts), float64, are the dot products of the base and the deltas, base first.
    Counts of entries are int64. `zero` and `small` (n_experts,) count deltas that are 0, and those with a magnitude below
    `SMALL`. `shared` and `opposed` (n_experts, n_experts) count entries where both deltas are nonzero, and those of them
    with opposite signs.
    """

    entries: int
    products: NDArray[numpy.float64]
    zero: NDArray[numpy.int64]
    small: NDArray[numpy.int64]
    shared: NDArray[numpy.int64]
    opposed: NDArray[numpy.int64]

    def __add__(self, other: Moments) -> Moments:
        """The sum, field by field; both must have the same experts in the same order."""
        return Moments(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def listed(self, order: Sequence[int]) -> Moments:
        """The same sums with the experts reordered; `order` holds the current index of each."""
        experts, models = numpy.array(order), numpy.array([0, *(place + 1 for place in order)])
        return replace(
            self,
            products=self.products[numpy.ix_(models, models)],
            zero=self.zero[experts],
            small=self.small[experts],
            shared=self.shared[numpy.ix_(experts, experts)],
            opposed=self.opposed[numpy.ix_(experts, experts)],
        )

    @property
    def squares(self) -> NDArray[numpy.float64]:
        """The squared norms of the deltas, (n_experts,)."""
        return self.products.diagonal()[1:]


def moments(base: Tensor, deltas: Tensor) -> Moments:
    """The sums for one tensor, from `base` (*shape) and `deltas` (n_experts, *shape), both float32."""
    stack = torch.cat([base.reshape(1, -1), deltas.reshape(len(deltas), -1)])
    blocks = [_counted(block) for block in torch.split(stack, BLOCK, 1)]
    total = blocks[0]
    for block in blocks[1:]:
        total += block
    return total


def _counted(block: Tensor) -> Moments:
    """The sums for a block (1 + n_experts, count), base first."""
    exact, signs = block.double(), block[1:].sign()
    present = signs.abs()
    shared, agreement = present @ present.T, signs @ signs.T
    return Moments(
        entries=block.shape[1],
        products=pair_products(exact).cpu().numpy(),
        zero=(block[1:] == 0).sum(1).cpu().numpy(),
        small=(block[1:].abs() < SMALL).sum(1).cpu().numpy(),
        shared=shared.long().cpu().numpy(),
        opposed=((shared - agreement) / 2).long().cpu().numpy(),
    )
