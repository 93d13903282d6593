"""Figures read off `Interference` sums: the definitions that the preview's figures and published ones are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mergelab.analysis.interference import Interference, interference


def nothing(n_models: int) -> Interference:
    """The sums of no entries, from which a sum over tensors starts."""
    return interference(torch.zeros(n_models, 0))


@dataclass(frozen=True)
class Figures:
    """What the sums of one tensor, or of many, say."""

    sums: Interference

    @property
    def conflict(self) -> float:
        """Share of the overlapping entries that conflict; NaN where none overlaps."""
        return _share(self.sums.conflicting, self.sums.overlapping)

    @property
    def conflict_of_all(self) -> float:
        """Share of all entries that conflict."""
        return _share(self.sums.conflicting, self.sums.entries)

    @property
    def pairwise_conflict(self) -> Tensor:
        """(n_models, n_models): share of the entries which both keep that have opposite signs; NaN where there is none
        and for an expert with itself."""
        return (self.sums.opposed / self.sums.shared).fill_diagonal_(torch.nan)

    @property
    def union_density(self) -> float:
        """Share of all entries that any expert keeps."""
        return _share(self.sums.active, self.sums.entries)

    @property
    def densities(self) -> Tensor:
        """(n_models,): the share of all entries that each expert keeps."""
        return self.sums.kept / self.sums.entries

    @property
    def mass_agreement(self) -> float:
        """Mean of |Σd| / Σ|d| over the active entries: 1 where nothing cancels."""
        return _share(self.sums.agreement, self.sums.active)

    @property
    def mean_sign_agreement(self) -> float:
        """Mean over the active entries of the majority of signs, as a share of the signs: 1 where all agree."""
        return _share(self.sums.sign_agreement, self.sums.active)

    @property
    def mean_sign_agreement_of_all(self) -> float:
        """The same over all entries, those that nobody keeps counting as agreed: the TIES authors' figure."""
        return _share(self.sums.sign_agreement + self.sums.entries - self.sums.active, self.sums.entries)

    @property
    def interference_loss(self) -> float:
        """Share of the summed magnitude that opposite signs cancel: 1 - Σ|Σd| / Σ|d|."""
        return 1 - _share(self.sums.net, self.sums.gross)

    @property
    def count_against_mass(self) -> float:
        """Share of the active entries where a majority by count elects another sign than one by magnitude."""
        return _share(self.sums.against_count, self.sums.active)

    @property
    def norms(self) -> Tensor:
        """(n_models,): L2 norms."""
        return self.sums.products.diagonal().sqrt()

    @property
    def norm_spread(self) -> float:
        """The largest L2 norm over the smallest; NaN where one is 0."""
        return _share(float(self.norms.max()), float(self.norms.min()))

    @property
    def cosines(self) -> Tensor:
        """(n_models, n_models): cosines between the deltas; NaN for an expert that keeps nothing."""
        return self.sums.products / (self.norms[:, None] * self.norms)

    def retained_of(self, whole: Figures) -> Tensor:
        """(n_models, 3): how much of the L1 norm, the L2 norm and its square is left of `whole`, the deltas before a
        trim; NaN for an expert without deltas."""
        l2 = self.norms / whole.norms
        return torch.stack([self.sums.norms_l1 / whole.sums.norms_l1, l2, l2.square()], 1)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
