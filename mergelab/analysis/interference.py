"""Interference between kept deltas: counts and sums that add up over tensors, and the figures computed from them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from mergelab.methods.ops.elementwise import rows

BLOCK = 1 << 16
"""Number of entries per model counted at once, so that the float64 copies fit in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Interference:
    """Counts and float64 sums over the entries of one tensor, or of several tensors added with `+`.

    An entry is active if any expert keeps a delta there, overlapping if two or more do, and conflicting if a positive and
    a negative delta meet. `agreement` is the sum of |Σd| / Σ|d| over active entries, `sign_agreement` the sum of
    |Σ sign d| / Σ |sign d|. `against_count` counts active entries where Σd and Σ sign d differ in sign, with 0 as a sign
    of its own; `count_ties` counts those where Σ sign d is 0; `untied_against_count` is the former without the latter.
    `gross` is Σ|d| and `net` is Σ|Σd|. Per expert, (n_models,): `kept` entries and `norms_l1`. Per pair, (n_models,
    n_models): the number of entries that both keep (`shared`), of those with opposite signs (`opposed`), and the dot
    `products` of the deltas.
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

    @classmethod
    def nothing(cls, n_models: int) -> Interference:
        """The neutral element of `+`: counts and sums of 0."""
        return interference(torch.zeros(n_models, 0))

    def __add__(self, other: Interference) -> Interference:
        """The sum, field by field; both must have the same experts in the same order."""
        return Interference(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def conflict(self) -> float:
        """Share of the overlapping entries that conflict; NaN if none overlap."""
        return _share(self.conflicting, self.overlapping)

    @property
    def conflict_of_all(self) -> float:
        """Share of all entries that conflict."""
        return _share(self.conflicting, self.entries)

    @property
    def pairwise_conflict(self) -> Tensor:
        """Of the entries that both experts of a pair keep, the share with opposite signs, (n_models, n_models).

        NaN on the diagonal, and for pairs that keep no entry in common.
        """
        return (self.opposed / self.shared).fill_diagonal_(torch.nan)

    @property
    def union_density(self) -> float:
        """Share of all entries that at least one expert keeps."""
        return _share(self.active, self.entries)

    @property
    def densities(self) -> Tensor:
        """Share of all entries that each expert keeps, (n_models,)."""
        return self.kept / self.entries

    @property
    def mass_agreement(self) -> float:
        """Mean of |Σd| / Σ|d| over the active entries; 1 if nothing cancels."""
        return _share(self.agreement, self.active)

    @property
    def mean_sign_agreement(self) -> float:
        """Mean of |Σ sign d| / Σ |sign d| over the active entries; 1 if all signs agree."""
        return _share(self.sign_agreement, self.active)

    @property
    def mean_sign_agreement_of_all(self) -> float:
        """Mean sign agreement over all entries, counting entries that no expert keeps as 1, as the TIES authors do."""
        return _share(self.sign_agreement + self.entries - self.active, self.entries)

    @property
    def interference_loss(self) -> float:
        """Share of the total magnitude that opposite signs cancel: 1 - Σ|Σd| / Σ|d|."""
        return 1 - _share(self.net, self.gross)

    @property
    def count_against_mass(self) -> float:
        """Share of the active entries where the majority by count elects a different sign than the one by magnitude."""
        return _share(self.against_count, self.active)

    @property
    def norms(self) -> Tensor:
        """The L2 norms of the kept deltas, (n_models,)."""
        return self.products.diagonal().sqrt()

    @property
    def norm_spread(self) -> float:
        """The largest L2 norm divided by the smallest; NaN if the smallest is 0."""
        return _share(float(self.norms.max()), float(self.norms.min()))

    @property
    def cosines(self) -> Tensor:
        """The cosines between the deltas, (n_models, n_models); NaN for an expert that keeps nothing."""
        return self.products / (self.norms[:, None] * self.norms)

    def retained_of(self, whole: Interference) -> Tensor:
        """The ratios of L1 norm, L2 norm and squared L2 norm to those of `whole`, the deltas before a trim, (n_models, 3).

        NaN for an expert without deltas.
        """
        l2 = self.norms / whole.norms
        return torch.stack([self.norms_l1 / whole.norms_l1, l2, l2.square()], 1)


def interference(kept: Tensor) -> Interference:
    """The counts and sums for one tensor's deltas (n_models, *shape) of any floating dtype, 0 where nothing is kept.

    Computed in float64, block by block; the tensors in the result are on the CPU.
    """
    blocks = torch.split(rows(kept), BLOCK, 1)
    total = _counted(blocks[0])
    for block in blocks[1:]:
        total += _counted(block)
    return total


def _counted(block: Tensor) -> Interference:
    """The counts and sums for one block of entries (n_models, count)."""
    exact = block.double()
    magnitudes, signs = exact.abs(), exact.sign()
    present, mass, votes = (signs != 0).sum(0), magnitudes.sum(0), signs.sum(0)
    total, active = exact.sum(0), present > 0
    positive, negative = (signs > 0).double(), (signs < 0).double()
    crossed = positive @ negative.T
    shared = (positive + negative) @ (positive + negative).T
    against = active & (total.sign() != votes.sign())
    tied = active & (votes == 0)
    return Interference(
        entries=block.shape[1],
        active=int(active.sum()),
        overlapping=int((present > 1).sum()),
        conflicting=int((positive.any(0) & negative.any(0)).sum()),
        against_count=int(against.sum()),
        count_ties=int(tied.sum()),
        untied_against_count=int((against & ~tied).sum()),
        agreement=float((total.abs() / mass)[active].sum()),
        sign_agreement=float((votes.abs() / present)[active].sum()),
        gross=float(mass.sum()),
        net=float(total.abs().sum()),
        kept=(signs != 0).sum(1).cpu(),
        norms_l1=magnitudes.sum(1).cpu(),
        shared=shared.long().cpu(),
        opposed=(crossed + crossed.T).long().cpu(),
        products=pair_products(exact).cpu(),
    )


def pair_products(rows: Tensor) -> Tensor:
    """The dot products of all pairs of `rows` (n, count) as (n, n), exactly symmetric."""
    products = rows @ rows.T
    return products.triu() + products.triu(1).T


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
