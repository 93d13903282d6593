"""Trim: keep the largest magnitudes."""

from __future__ import annotations

from typing import Annotated as A

from torch import Tensor

from mergelab.knobs import Choice, Range
from mergelab.methods.ops import keep_from
from mergelab.methods.registry import Surveyed
from mergelab.methods.thresholds import own_thresholds, survey_thresholds
from mergelab.sparsify.registry import sparsifier


@sparsifier("Trim", paper="Yadav et al. 2023, arXiv:2306.01708")
def trim(
    deltas: Tensor,
    *,
    density: A[float, Range(0.0, 1.0, 0.01, "Share of each delta that is kept, largest magnitudes first")] = 0.2,
    scope: A[
        str,
        Choice(
            ("model", "tensor"), "Rank magnitudes over the whole model (paper) or inside each tensor (mergekit, PEFT)"
        ),
    ] = "model",
    rescale: A[
        str,
        Choice(
            ("none", "inverse"), "Leave survivors as they are, or multiply them by 1/density (DARE's negative control)"
        ),
    ] = "none",
    thresholds: A[Tensor | None, Surveyed(survey_thresholds)] = None,
) -> Tensor:
    """Keep each expert's largest changes and drop the rest.

    `deltas` is (n_models, *shape) in float32. Everything at or above the m-th largest magnitude is kept, so equal
    magnitudes stay together; zeros are never kept. Without `thresholds` each tensor is ranked by itself.
    """
    kept = keep_from(deltas, own_thresholds(deltas, density) if thresholds is None else thresholds)
    return kept / density if rescale == "inverse" and density > 0 else kept
