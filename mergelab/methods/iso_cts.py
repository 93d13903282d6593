"""Iso-CTS: equal singular values for common and task-specific directions."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import Range
from mergelab.methods.ops.reason import TOGETHER, Reason, scaled_mean, times
from mergelab.methods.ops.spectra import SpectralScale, is_matrix, joined, outside, triplets
from mergelab.methods.registry import Key, method


def of_common_directions(deltas: Tensor, *, common: float, scale: float, key: str) -> Reason:
    """Common and own directions of the whole matrix decide; tensors that are no matrix get the mean."""
    if not is_matrix(key, deltas):
        return scaled_mean(deltas, scale)
    return Reason(
        (
            f"Directions of the summed change ({common:.0%}) and of each expert alone get one singular value{times(scale)}: the whole matrix decides. {TOGETHER}",
        )
    )


@method(
    "Iso-CTS",
    space="deltas",
    paper="Marczak et al. 2025, arXiv:2502.04959",
    keeps_equal=False,
    on_one_thread=True,
    why=of_common_directions,
)
def iso_cts(
    deltas: Tensor,
    *,
    common: A[
        float,
        Range(
            0.0,
            1.0,
            0.05,
            "Fraction of each matrix's directions taken from the summed change; the experts share the rest evenly",
        ),
    ] = 0.8,
    scale: SpectralScale = 1.0,
    key: A[str, Key()] = "",
) -> Tensor:
    """Like Iso-C, but part of the directions is reserved for what each expert changed outside the common ones.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. The common
    directions are the leading ones of the sum. Each expert adds the leading directions of its delta outside their left
    space. All are orthonormalised together and get the same singular value. Tensors that are not 2-D, and
    `text_projection`, get the mean of the deltas.
    """
    if not is_matrix(key, deltas):
        return scale * deltas.mean(0)
    shared, own = shares(min(deltas.shape[1:]), len(deltas), common)
    together = triplets(deltas.sum(0, dtype=torch.float64)).top(shared)
    apart = [triplets(outside(delta.double(), together.left)).top(own) for delta in deltas]
    return scale * joined([together, *apart]).orthogonalised().flattened().product().to(deltas.dtype)


def shares(directions: int, n_models: int, common: float) -> tuple[int, int]:
    """How many of a matrix's directions are common, and how many each expert adds.

    As in the authors' code, the number per expert is rounded (halves to even), and the remaining ones are common.
    """
    own = min(round((directions - int(directions * common)) / n_models), directions // n_models)
    return directions - n_models * own, own
