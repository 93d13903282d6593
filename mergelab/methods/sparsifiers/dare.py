"""DARE: drop deltas at random, then rescale the survivors."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import Choice, Range
from mergelab.methods.ops.elementwise import per_model, rescaled
from mergelab.methods.ops.reason import RESCALED, Reason, fates, per_expert
from mergelab.methods.registry import Base, RandomBits
from mergelab.methods.sparsifiers.sparsifier_registry import sparsifier


def by_chance(before: Tensor, after: Tensor, *, density: float | Tensor, rescale: str, target: str) -> Reason:
    """A draw decides, whatever the size of the change."""
    negative = "" if target == "delta" else "Whole fine-tuned weights are dropped by chance, not changes. "
    rates = per_expert(1 - torch.as_tensor(density, dtype=torch.float64), len(before), "at rate {}")
    lost = fates({"dropped by chance": rates}, dropped_by_chance=(before != 0) & (after == 0))
    return Reason((negative + RESCALED[rescale],), fates=lost)


@sparsifier(
    "DARE", paper="Yu et al. 2024, arXiv:2311.03099", elementwise=lambda knobs: knobs["rescale"] != "l1", why=by_chance
)
def dare(
    deltas: Tensor,
    *,
    density: A[
        float | Tensor,
        Range(
            0.0,
            1.0,
            0.01,
            "Fraction of each expert's change that survives the random drop; 1 minus the drop rate (the paper's p)",
            each=True,
        ),
    ] = 0.1,
    rescale: A[
        str,
        Choice(
            ("inverse", "l1", "none"),
            "Multiply survivors by 1/density (paper), scale them to the tensor's L1 norm (mergekit), or leave them as they are (the paper's ablation)",
        ),
    ] = "inverse",
    target: A[
        str,
        Choice(
            ("delta", "weights"),
            "Drop changes (paper), or the fine-tuned weights themselves (the paper's negative control)",
        ),
    ] = "delta",
    draws: A[Tensor | None, RandomBits()] = None,
    base: A[Tensor | None, Base()] = None,
) -> Tensor:
    """Drop each change with probability 1 - density and rescale the survivors to keep the expected value.

    `deltas` is (n_models, *shape) in float32; `draws` holds uniform 32-bit integers of the same shape. An entry survives
    iff its draw is below density · 2^32, so a larger density only adds survivors. Density 1 changes nothing.
    """
    if draws is None:
        raise ValueError("dare needs random draws: merge through a recipe, which draws them from its seed")
    if target == "delta":
        return _dropped(deltas, draws, density, rescale)
    if base is None:
        raise ValueError("dare with target weights needs the base: give base=")
    return _dropped(deltas + base, draws, density, rescale) - base


def _dropped(values: Tensor, draws: Tensor, density: float | Tensor, rescale: str) -> Tensor:
    kept = torch.where(draws < per_model(limits(density), draws), values, 0.0)
    return rescaled(values, kept, density, rescale)


def limits(density: float | Tensor) -> Tensor:
    """density · 2^32 rounded down, int64: an entry survives iff its draw is below this."""
    return (torch.as_tensor(density, dtype=torch.float64) * 2**32).long()
