"""Iso-C: set all singular values of the summed deltas to their mean."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.ops.reason import TOGETHER, Reason, scaled_mean, times
from mergelab.methods.ops.spectra import SpectralScale, is_matrix, triplets
from mergelab.methods.registry import Key, method


def of_all_directions(deltas: Tensor, *, scale: float, key: str) -> Reason:
    """The spectrum of the whole matrix decides; tensors that are no matrix get the mean."""
    if not is_matrix(key, deltas):
        return scaled_mean(deltas, scale)
    return Reason(
        (
            f"All singular values of the summed change are set to their mean{times(scale)}: the whole matrix decides by its directions, their sizes do not count. {TOGETHER}",
        )
    )


@method(
    "Iso-C",
    space="deltas",
    paper="Marczak et al. 2025, arXiv:2502.04959",
    keeps_equal=False,
    on_one_thread=True,
    why=of_all_directions,
)
def iso_c(deltas: Tensor, *, scale: SpectralScale = 1.0, key: A[str, Key()] = "") -> Tensor:
    """Sum the experts' changes of each matrix and set all singular values of the sum to their mean.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. Directions
    with singular value 0 stay 0. Tensors that are not 2-D, and `text_projection`, get the mean of the deltas.
    """
    if not is_matrix(key, deltas):
        return scale * deltas.mean(0)
    return scale * triplets(deltas.sum(0, dtype=torch.float64)).flattened().product().to(deltas.dtype)
