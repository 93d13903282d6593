"""How much a stack of kept deltas agrees or cancels, as sums that add up over tensors."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from mergelab.methods.ops.elementwise import rows

BLOCK = 1 << 16
"""Entries per model and block, so that the float64 copies stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Interference:
    """Counts and float64 sums over the entries of one tensor, or of several tensors added with `+`.

    An entry is active if any expert keeps a delta there, overlapping if two or more do, and conflicting if a positive and
    a negative delta meet. `agreement` sums |Σd| / Σ|d|, and `sign_agreement` sums |Σ sign d| / Σ |sign d|, over active
    entries. `against_count` counts active entries where Σd and Σ sign d differ in sign, 0 being a sign of its own;
    `count_ties` those where Σ sign d is 0; `untied_against_count` the former without the latter. `gross` is Σ|d|, `net`
    Σ|Σd|. Per expert, (n_models,): `kept` entries and `norms_l1`. Per pair, (n_models, n_models): entries that both keep
    (`shared`), those of opposite sign (`opposed`), and the dot `products` of the deltas.
    """

    entries: int
    active: int
    overlapping: int
    conflicting: int
    against_count: int
    count_ties: int
    untied_against_count: int
    agreement: float
    sign_agreement: float
    gross: float
    net: float
    kept: Tensor
    norms_l1: Tensor
    shared: Tensor
    opposed: Tensor
    products: Tensor

    def __add__(self, other: Interference) -> Interference:
        """The sums of both, field by field, for the same experts in the same order."""
        return Interference(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def interference(kept: Tensor) -> Interference:
    """The sums of one tensor's deltas, (n_models, *shape) of any floating dtype, 0 where an expert drops an entry.

    Computed in float64, block by block; the tensors in the result are on the CPU.
    """
    blocks = torch.split(rows(kept), BLOCK, 1)
    total = _counted(blocks[0])
    for block in blocks[1:]:
        total += _counted(block)
    return total


def _counted(block: Tensor) -> Interference:
    """The sums of one block of entries, (n_models, count)."""
    exact = block.double()
    magnitudes = exact.abs()
    positive, negative = (block > 0).float(), (block < 0).float()  # float32 counts the entries of a block exactly
    up, down, kept = positive.sum(0), negative.sum(0), positive + negative
    present, votes = up + down, up - down
    mass, total = magnitudes.sum(0), exact.sum(0)
    against, tied = total.sign() != votes.sign(), (votes == 0) & (present > 0)
    crossed = positive @ negative.T
    return Interference(
        entries=block.shape[1],
        active=int(present.count_nonzero()),
        overlapping=int((present > 1).count_nonzero()),
        conflicting=int((up * down).count_nonzero()),
        against_count=int(against.count_nonzero()),
        count_ties=int(tied.count_nonzero()),
        untied_against_count=int((against & ~tied).count_nonzero()),
        agreement=float((total.abs() / mass).nansum()),  # 0 / 0 where no expert keeps a delta
        sign_agreement=float((votes.abs().double() / present).nansum()),
        gross=float(mass.sum()),
        net=float(total.abs().sum()),
        kept=kept.sum(1).long().cpu(),
        norms_l1=magnitudes.sum(1).cpu(),
        shared=(kept @ kept.T).long().cpu(),
        opposed=(crossed + crossed.T).long().cpu(),
        products=pair_products(exact).cpu(),
    )


def pair_products(rows: Tensor) -> Tensor:
    """The dot products of every two of `rows` (n, count), as (n, n); symmetric to the bit."""
    products = rows @ rows.T
    return products.triu() + products.triu(1).T
