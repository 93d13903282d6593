"""Trim: keep the largest magnitudes."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import Choice, Range
from mergelab.methods.ops.elementwise import rescaled, zero_below_threshold
from mergelab.methods.ops.reason import RESCALED, Reason, below, fates
from mergelab.methods.ops.thresholds import Thresholds, own_thresholds
from mergelab.methods.registry import ModelStatistic
from mergelab.methods.sparsifiers.sparsifier_registry import sparsifier


def too_small(before: Tensor, after: Tensor, *, density: float | Tensor, rescale: str, thresholds: Tensor) -> Reason:
    """What lies below an expert's threshold is trimmed."""
    lost = fates({"trimmed": below(density, thresholds, len(before))}, trimmed=(before != 0) & (after == 0))
    return Reason((RESCALED[rescale],), fates=lost)


@sparsifier(
    "Trim",
    paper="Yadav et al. 2023, arXiv:2306.01708",
    elementwise=lambda knobs: knobs["rescale"] != "l1",
    why=too_small,
)
def trim(
    deltas: Tensor,
    *,
    density: A[
        float | Tensor, Range(0.0, 1.0, 0.01, "Fraction of each expert's change to keep, largest first", each=True)
    ] = 0.2,
    scope: A[
        str,
        Choice(
            ("model", "tensor"), "Rank magnitudes over the whole model (paper) or within each tensor (mergekit, PEFT)"
        ),
    ] = "model",
    rescale: A[
        str,
        Choice(
            ("none", "inverse", "l1"),
            "Leave survivors as they are, multiply them by 1/density (DARE's negative control), or scale them to the tensor's L1 norm (mergekit)",
        ),
    ] = "none",
    thresholds: A[Tensor | None, ModelStatistic(Thresholds)] = None,
) -> Tensor:
    """Keep each expert's largest changes and drop the rest.

    `deltas` is (n_models, *shape) in float32. Entries at or above the m-th largest magnitude, m = density · count, are
    kept, so equal magnitudes stay together; zeros are never kept. Without `thresholds`, each tensor is ranked on its own.
    """
    kept = zero_below_threshold(deltas, own_thresholds(deltas, density) if thresholds is None else thresholds)
    return rescaled(deltas, kept, density, rescale)
