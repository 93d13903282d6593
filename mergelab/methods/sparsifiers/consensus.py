"""Consensus: keep the entries that matter to several experts."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import LARGEST, Range
from mergelab.methods.ops.elementwise import per_model
from mergelab.methods.sparsifiers.sparsifier_registry import sparsifier


@sparsifier("Consensus", paper="Wang et al. 2024, arXiv:2405.07813", alone=False, elementwise=True)
def consensus(
    deltas: Tensor,
    *,
    threshold: A[
        float | Tensor,
        Range(
            0.0,
            2.0,
            0.05,
            "An entry matters to an expert if its change exceeds this share of what all others change there; higher means fewer",
            each=True,
        ),
    ] = 0.4,
    min_models: A[
        int,
        Range(
            1,
            20,
            1,
            "Experts to whom an entry must matter; 1 keeps what any of them needs, 2 drops what only one does",
            valid=(1, LARGEST),
        ),
    ] = 2,
) -> Tensor:
    """Keep the entries that matter to several experts; drop what only one needs and what nobody does.

    `deltas` is (n_models, *shape) in float32. An entry that enough `tall_masks` hold keeps the deltas of all experts,
    any other loses them all. With fewer experts than `min_models` nothing is kept.
    """
    agreed = tall_masks(deltas, deltas.sum(0), threshold).sum(0) >= min_models
    return torch.where(agreed, deltas, 0.0)


def tall_masks(deltas: Tensor, merged: Tensor, threshold: float | Tensor) -> Tensor:
    """Which entries of a merged delta (*shape) matter to each expert, bool (n_models, *shape).

    Expert i holds an entry iff |delta_i| > threshold_i · |merged - delta_i|; `threshold` is a number or (n_models,).
    """
    return deltas.abs() > per_model(threshold, deltas).float() * (merged - deltas).abs()
