"""How much a stack of kept deltas agrees or cancels: sums that add up over tensors, and the figures read off them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from mergelab.methods.ops.elementwise import rows

BLOCK = 1 << 16
"""Entries of each model that are counted at once, so that the float64 copies stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Interference:
    """Counts and float64 sums over the entries of one tensor, or of many once added up with `+`.

    An entry is active where any expert keeps a delta, overlapping where two or more do, conflicting where a positive and
    a negative one meet. `agreement` sums |Σd| / Σ|d| and `sign_agreement` |Σ sign d| / Σ |sign d| over active entries.
    `against_count` counts active entries where Σd and Σ sign d differ in sign, 0 being a sign of its own; `count_ties`
    those where Σ sign d is 0; `untied_against_count` the former without the latter. `gross` is Σ|d|, `net` Σ|Σd|.
    Per expert, (n_models,): `kept` entries and `norms_l1`. Per pair, (n_models, n_models): entries that both keep
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

    @classmethod
    def nothing(cls, n_models: int) -> Interference:
        """What a sum over tensors starts from."""
        return interference(torch.zeros(n_models, 0))

    def __add__(self, other: Interference) -> Interference:
        """Both together, field by field; of the same experts in the same order."""
        return Interference(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def conflict(self) -> float:
        """Share of the overlapping entries that conflict; NaN where none overlaps."""
        return _share(self.conflicting, self.overlapping)

    @property
    def conflict_of_all(self) -> float:
        """Share of all entries that conflict."""
        return _share(self.conflicting, self.entries)

    @property
    def pairwise_conflict(self) -> Tensor:
        """(n_models, n_models): share of the entries which both keep that have opposite signs; NaN where there is none
        and for an expert with itself."""
        return (self.opposed / self.shared).fill_diagonal_(torch.nan)

    @property
    def union_density(self) -> float:
        """Share of all entries that any expert keeps."""
        return _share(self.active, self.entries)

    @property
    def densities(self) -> Tensor:
        """(n_models,): the share of all entries that each expert keeps."""
        return self.kept / self.entries

    @property
    def mass_agreement(self) -> float:
        """Mean of |Σd| / Σ|d| over the active entries: 1 where nothing cancels."""
        return _share(self.agreement, self.active)

    @property
    def mean_sign_agreement(self) -> float:
        """Mean over the active entries of the majority of signs, as a share of the signs: 1 where all agree."""
        return _share(self.sign_agreement, self.active)

    @property
    def mean_sign_agreement_of_all(self) -> float:
        """The same over all entries, those that nobody keeps counting as agreed: the TIES authors' figure."""
        return _share(self.sign_agreement + self.entries - self.active, self.entries)

    @property
    def interference_loss(self) -> float:
        """Share of the summed magnitude that opposite signs cancel: 1 - Σ|Σd| / Σ|d|."""
        return 1 - _share(self.net, self.gross)

    @property
    def count_against_mass(self) -> float:
        """Share of the active entries where a majority by count elects another sign than one by magnitude."""
        return _share(self.against_count, self.active)

    @property
    def norms(self) -> Tensor:
        """(n_models,): L2 norms."""
        return self.products.diagonal().sqrt()

    @property
    def norm_spread(self) -> float:
        """The largest L2 norm over the smallest; NaN where one is 0."""
        return _share(float(self.norms.max()), float(self.norms.min()))

    @property
    def cosines(self) -> Tensor:
        """(n_models, n_models): cosines between the deltas; NaN for an expert that keeps nothing."""
        return self.products / (self.norms[:, None] * self.norms)

    def retained_of(self, whole: Interference) -> Tensor:
        """(n_models, 3): how much of the L1 norm, the L2 norm and its square is left of `whole`, the deltas before a
        trim; NaN for an expert without deltas."""
        l2 = self.norms / whole.norms
        return torch.stack([self.norms_l1 / whole.norms_l1, l2, l2.square()], 1)


def interference(kept: Tensor) -> Interference:
    """The sums of one tensor's deltas, (n_models, *shape) of any floating dtype, 0 where an expert keeps nothing.

    Computed in float64, block by block; the tensors of the result are on the CPU.
    """
    blocks = torch.split(rows(kept), BLOCK, 1)
    total = _counted(blocks[0])
    for block in blocks[1:]:
        total += _counted(block)
    return total


def _counted(block: Tensor) -> Interference:
    """The sums of a few entries, (n_models, count)."""
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
    """The dot product of every two of `rows` (n, count), (n, n): a pair's has the same bits in either order."""
    products = rows @ rows.T
    return products.triu() + products.triu(1).T


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
