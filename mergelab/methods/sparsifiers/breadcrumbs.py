"""Breadcrumbs: keep the large magnitudes, except for the very largest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.methods.knobs import Choice, Range
from mergelab.methods.ops.elementwise import count_kept, per_model, zero_below_threshold
from mergelab.methods.ops.thresholds import Ranking, broadcast_to_models
from mergelab.methods.registry import ModelStatistic, Stack
from mergelab.methods.sparsifiers.sparsifier_registry import sparsifier


class Bands:
    """A survey of the smallest and the largest magnitude that each model keeps, of the whole model or of one tensor.

    As for `Thresholds` a tensor that no model changed does not count, and tensors with other knobs are ranked apart.
    """

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.n_models, self.scope, self.passes = n_models, str(settings[0]["scope"]), 2
        self.rankings = {knobs: Ranking(n_models) for knobs in map(self._knobs, settings)}

    def update(self, stack: Stack) -> None:
        """Add one tensor to the histograms of this pass; both ends of a band share the first."""
        ranking = self.rankings[self._knobs(stack.settings)]
        if self.passes == 2:
            ranking.add(stack)
        else:
            ranking.refine(stack)

    def finish_pass(self) -> None:
        """After the first pass, when the entries are counted, choose the bins of both ends."""
        if self.passes == 2:
            for (densities, gammas), ranking in self.rankings.items():
                bands = [ranks_kept(ranking.count, *knobs) for knobs in zip(densities, gammas, strict=True)]
                ranking.choose([last for _, last in bands], [first for first, _ in bands])
        self.passes -= 1

    def value(self, settings: Mapping[str, Any]) -> Tensor:
        """float32 (2, n_models): keep an entry iff its magnitude is neither below the first nor above the second."""
        ranking = self.rankings[self._knobs(settings)]
        return torch.stack([ranking.magnitudes(0), ranking.magnitudes(1)])

    def _knobs(self, settings: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return broadcast_to_models(settings["density"], self.n_models), broadcast_to_models(
            settings["gamma"], self.n_models
        )


@sparsifier("Breadcrumbs", paper="Davari & Belilovsky 2024, arXiv:2312.06795", elementwise=True)
def breadcrumbs(
    deltas: Tensor,
    *,
    density: A[
        float | Tensor,
        Range(
            0.0, 1.0, 0.01, "Share of each delta that is kept, largest magnitudes first after the outliers", each=True
        ),
    ] = 0.15,
    gamma: A[
        float | Tensor,
        Range(
            0.0, 1.0, 0.005, "Share of each delta that is dropped as outliers: its very largest magnitudes", each=True
        ),
    ] = 0.01,
    scope: A[
        str, Choice(("model", "tensor"), "Rank magnitudes over the whole model or inside each tensor (paper, mergekit)")
    ] = "tensor",
    bands: A[Tensor | None, ModelStatistic(Bands)] = None,
) -> Tensor:
    """Drop each expert's small changes and its few largest, which are taken for outliers.

    `deltas` is (n_models, *shape) in float32. Of `count` entries the floor(gamma · count) largest go and the next
    round(density · count) stay; where there are not so many, fewer outliers go, so a larger density only adds survivors
    and density 1 changes nothing. Equal magnitudes stay together: those of the largest that is kept are all kept, and so
    are those of the smallest. Zeros are never kept. Without `bands` each tensor is ranked by itself.
    """
    smallest, largest = own_bands(deltas, density, gamma) if bands is None else bands
    kept = zero_below_threshold(deltas, smallest)
    return torch.where(kept.abs() <= per_model(largest, kept), kept, 0.0)


def own_bands(deltas: Tensor, density: float | Tensor, gamma: float | Tensor) -> Tensor:
    """The bands of one stack (n_models, *shape) by itself, float32 (2, n_models)."""
    settings = {"density": density, "gamma": gamma, "scope": "tensor"}
    survey = Bands(len(deltas), [settings])
    while survey.passes:
        survey.update(Stack("", deltas, settings=settings))
        survey.finish_pass()
    return survey.value(settings).to(deltas.device)


def ranks_kept(count: int, density: float, gamma: float) -> tuple[int, int]:
    """The first and the last rank by magnitude that stay of `count` entries, the largest being 1; (0, 0) for none."""
    kept = count_kept(density, count)
    dropped = min(int(gamma * count), count - kept)
    return (dropped + 1, dropped + kept) if kept else (0, 0)
