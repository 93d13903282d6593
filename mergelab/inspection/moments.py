"""Sums over the entries of a tensor's deltas from which cosines, norms and shares are read; they add up over tensors."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

SMALL = 0.002
"""Below this magnitude a change counts as small: Yu et al. (2024, arXiv:2311.03099) find that most changes of supervised
fine-tuning are, and that DARE works where they are."""
BLOCK = 1 << 16
"""Entries of each model at once: their float64 copies stay in the processor's cache, and counts in float32 stay exact."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over the entries of one tensor, or of many once added up with `+`.

    `products` (1 + n_experts, 1 + n_experts), float64: dot products of the base and the deltas, the base first. Counts of
    entries, int64: `zero` and `small` (n_experts,), where a delta is 0 and where its magnitude lies below `SMALL`;
    `shared` and `opposed` (n_experts, n_experts), where both deltas are not 0, and those of opposite sign.
    """

    entries: int
    products: Tensor
    zero: Tensor
    small: Tensor
    shared: Tensor
    opposed: Tensor

    def __add__(self, other: Moments) -> Moments:
        """Both together, of the same experts in the same order."""
        return Moments(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def squares(self) -> Tensor:
        """(n_experts,): squared norms of the deltas."""
        return self.products.diagonal()[1:]


def moments(base: Tensor, deltas: Tensor) -> Moments:
    """The sums of one tensor: `base` (*shape) and `deltas` (n_experts, *shape), float32. The result is on the CPU."""
    stack = torch.cat([base.reshape(1, -1), deltas.reshape(len(deltas), -1)])
    blocks = [_counted(block) for block in torch.split(stack, BLOCK, 1)]
    total = blocks[0]
    for block in blocks[1:]:
        total += block
    return total


def _counted(block: Tensor) -> Moments:
    """`block` is (1 + n_experts, count), the base first."""
    exact, signs = block.double(), block[1:].sign()
    present = signs.abs()
    shared, agreement = present @ present.T, signs @ signs.T
    return Moments(
        entries=block.shape[1],
        products=(exact @ exact.T).cpu(),
        zero=(block[1:] == 0).sum(1).cpu(),
        small=(block[1:].abs() < SMALL).sum(1).cpu(),
        shared=shared.long().cpu(),
        opposed=((shared - agreement) / 2).long().cpu(),
    )
