"""Breadcrumbs: keep large magnitudes, except the very largest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.methods.knobs import Choice, Range
from mergelab.methods.ops.elementwise import count_kept, magnitudes, per_model, zero_below_threshold
from mergelab.methods.ops.reason import Reason, fates, per_expert
from mergelab.methods.ops.thresholds import Ranking, broadcast_to_models
from mergelab.methods.registry import ModelStatistic, Stack
from mergelab.methods.sparsifiers.sparsifier_registry import sparsifier


class Bands:
    """Survey of the smallest and the largest magnitude to keep per model, over the whole model or one tensor.

    As for `Thresholds`, a tensor that no model changed does not count, and tensors with different knobs are ranked
    separately.
    """

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.n_models, self.scope, self.passes = n_models, str(settings[0]["scope"]), 2
        self.rankings = {knobs: Ranking(n_models) for knobs in map(self._knobs, settings)}

    def update(self, stack: Stack) -> None:
        """Add one tensor to the histograms of this pass; both ends of a band share the first histogram."""
        ranking = self.rankings[self._knobs(stack.settings)]
        if self.passes == 2:
            ranking.add(stack)
        else:
            ranking.refine(stack)

    def finish_pass(self) -> None:
        """End a pass; after the first, choose the bins of both ends from the counts."""
        if self.passes == 2:
            for (densities, gammas), ranking in self.rankings.items():
                bands = [ranks_kept(ranking.count, *knobs) for knobs in zip(densities, gammas, strict=True)]
                ranking.choose([last for _, last in bands], [first for first, _ in bands])
        self.passes -= 1

    def value(self, settings: Mapping[str, Any]) -> Tensor:
        """float32 (2, n_models): an entry is kept iff its magnitude lies between the two, inclusive."""
        ranking = self.rankings[self._knobs(settings)]
        return torch.stack([ranking.magnitudes(0), ranking.magnitudes(1)])

    def _knobs(self, settings: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return broadcast_to_models(settings["density"], self.n_models), broadcast_to_models(
            settings["gamma"], self.n_models
        )


def too_small_or_large(
    before: Tensor, after: Tensor, *, density: float | Tensor, gamma: float | Tensor, bands: Tensor
) -> Reason:
    """Changes below an expert's band are trimmed, those above it are outliers."""
    lost = (before != 0) & (after == 0)
    outlier = lost & (magnitudes(before) > per_model(bands[1], before))
    details = {
        "trimmed": per_expert(density, len(before), "at density {}"),
        "dropped as an outlier": per_expert(gamma, len(before), "at gamma {}"),
    }
    return Reason(("",), fates=fates(details, dropped_as_an_outlier=outlier, trimmed=lost))


@sparsifier("Breadcrumbs", paper="Davari & Belilovsky 2024, arXiv:2312.06795", elementwise=True, why=too_small_or_large)
def breadcrumbs(
    deltas: Tensor,
    *,
    density: A[
        float | Tensor,
        Range(0.0, 1.0, 0.01, "Fraction of each expert's change to keep, largest first below the outliers", each=True),
    ] = 0.15,
    gamma: A[
        float | Tensor,
        Range(
            0.0, 1.0, 0.005, "Fraction of each expert's change to drop as outliers: the very largest values", each=True
        ),
    ] = 0.01,
    scope: A[
        str, Choice(("model", "tensor"), "Rank magnitudes over the whole model or within each tensor (paper, mergekit)")
    ] = "tensor",
    bands: A[Tensor | None, ModelStatistic(Bands)] = None,
) -> Tensor:
    """Drop each expert's small changes and its few largest, which are treated as outliers.

    `deltas` is (n_models, *shape) in float32. Of `count` entries, the floor(gamma · count) largest are dropped and the
    next round(density · count) are kept. If there are not enough entries for both, fewer outliers are dropped, so a
    larger density only adds survivors and density 1 changes nothing. Entries equal in magnitude to the largest or the
    smallest kept entry are kept too. Zeros are never kept. Without `bands`, each tensor is ranked on its own.
    """
    smallest, largest = own_bands(deltas, density, gamma) if bands is None else bands
    kept = zero_below_threshold(deltas, smallest)
    return torch.where(magnitudes(kept) <= per_model(largest, kept), kept, 0.0)


def own_bands(deltas: Tensor, density: float | Tensor, gamma: float | Tensor) -> Tensor:
    """The bands computed from one stack (n_models, *shape) alone, float32 (2, n_models)."""
    settings = {"density": density, "gamma": gamma, "scope": "tensor"}
    survey = Bands(len(deltas), [settings])
    while survey.passes:
        survey.update(Stack("", deltas, settings=settings))
        survey.finish_pass()
    return survey.value(settings).to(deltas.device)


def ranks_kept(count: int, density: float, gamma: float) -> tuple[int, int]:
    """The first and the last kept rank of `count` entries by magnitude, the largest being 1; (0, 0) for none."""
    kept = count_kept(density, count)
    dropped = min(int(gamma * count), count - kept)
    return (dropped + 1, dropped + kept) if kept else (0, 0)
