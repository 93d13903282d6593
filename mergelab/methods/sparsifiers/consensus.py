"""Consensus: keep entries that matter to several experts."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import LARGEST, Range
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.ops.reason import Reason, fates
from mergelab.methods.sparsifiers.sparsifier_registry import sparsifier


def wanted_by_too_few(before: Tensor, after: Tensor, *, min_models: int) -> Reason:
    """A weight that matters to too few experts loses all changes."""
    few = "no expert" if min_models <= 1 else f"fewer than {min_models} experts"
    details = {"dropped": (f"(this weight matters to {few})",) * len(before)}
    return Reason(("",), fates=fates(details, dropped=(before != 0) & (after == 0)))


@sparsifier(
    "Consensus", paper="Wang et al. 2024, arXiv:2405.07813", alone=False, elementwise=True, why=wanted_by_too_few
)
def consensus(
    deltas: Tensor,
    *,
    threshold: A[
        float | Tensor,
        Range(
            0.0,
            2.0,
            0.05,
            "A weight matters to an expert whose change exceeds this multiple of the other experts' summed change; higher values select fewer weights",
            each=True,
        ),
    ] = 0.4,
    min_models: A[
        int,
        Range(
            1,
            20,
            1,
            "To how many experts a weight must matter, at least; 1 keeps weights that any expert needs, 2 drops those that only one needs",
            valid=(1, LARGEST),
        ),
    ] = 2,
) -> Tensor:
    """Keep the changes of weights that matter to several experts; drop those that matter to one or none.

    `deltas` is (n_models, *shape) in float32. An entry that is set in at least `min_models` of the `tall_masks` keeps the
    deltas of all experts; any other entry loses all of them. With fewer than `min_models` experts nothing is kept.
    """
    agreed = tall_masks(deltas, deltas.sum(0), threshold).sum(0) >= min_models
    return torch.where(agreed, deltas, 0.0)


def tall_masks(deltas: Tensor, merged: Tensor, threshold: float | Tensor) -> Tensor:
    """Which entries of a merged delta (*shape) matter to each expert, bool (n_models, *shape).

    An entry matters to expert i iff |delta_i| > threshold_i · |merged - delta_i|; `threshold` is a number or (n_models,).
    """
    return deltas.abs() > per_model(threshold, deltas).to(deltas.dtype) * (merged - deltas).abs()
