"""DELLA: drop deltas at random, the small ones of each row more often than the large ones."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import Choice, Range
from mergelab.methods.ops.elementwise import per_model, rescaled
from mergelab.methods.ops.reason import RESCALED, Reason, fates, per_expert
from mergelab.methods.ops.stack import magnitude_bits
from mergelab.methods.registry import RandomBits
from mergelab.methods.sparsifiers.dare import limits
from mergelab.methods.sparsifiers.sparsifier_registry import sparsifier


def by_chance_and_size(before: Tensor, after: Tensor, *, density: float | Tensor, rescale: str) -> Reason:
    """A draw decides, with better odds for the large changes of a row."""
    rates = per_expert(
        1 - torch.as_tensor(density, dtype=torch.float64), len(before), "(rate {} on average, small ones more often)"
    )
    lost = fates({"dropped by chance": rates}, dropped_by_chance=(before != 0) & (after == 0))
    return Reason((RESCALED[rescale],), fates=lost)


@sparsifier(
    "DELLA",
    paper="Deep et al. 2024, arXiv:2406.11617",
    elementwise=lambda knobs: knobs["rescale"] != "l1",
    by_row=True,
    why=by_chance_and_size,
)
def della(
    deltas: Tensor,
    *,
    density: A[
        float | Tensor,
        Range(0.0, 1.0, 0.01, "Average fraction of each expert's change that survives the random drop", each=True),
    ] = 0.3,
    epsilon: A[
        float | Tensor,
        Range(
            0.0,
            0.5,
            0.01,
            "Added to the density for a row's largest change and subtracted for its smallest, as survival probability",
            each=True,
        ),
    ] = 0.15,
    rescale: A[
        str,
        Choice(
            ("element", "l1", "none"),
            "Divide each survivor by its survival probability (paper), scale survivors to the tensor's L1 norm (mergekit), or leave them as they are",
        ),
    ] = "element",
    draws: A[Tensor | None, RandomBits()] = None,
) -> Tensor:
    """Drop changes at random, the small ones of each row more often, and rescale the survivors.

    `deltas` is (n_models, *shape) in float32; `draws` holds uniform 32-bit integers of the same shape. An entry survives
    iff its draw is below probability · 2^32. Its probability grows linearly from density - epsilon to density + epsilon
    with the rank of its magnitude in its row, clipped to [0, 1]. A row is all entries at one index of the first axis, or
    the whole tensor if it has fewer than two axes. Equal magnitudes share their mean rank. A larger density only adds
    survivors; density 0 keeps nothing and density 1 everything, whatever epsilon is.
    """
    if draws is None:
        raise ValueError("della needs random draws: merge through a recipe, which draws them from its seed")
    chances = _drop_probabilities(deltas, _exact(density, deltas), _exact(epsilon, deltas))
    kept = torch.where(draws < limits(chances), deltas, 0.0)
    if rescale == "element":
        return kept / chances.clamp(min=2**-32).to(deltas.dtype)
    return rescaled(deltas, kept, density, rescale)


def _drop_probabilities(deltas: Tensor, density: Tensor, epsilon: Tensor) -> Tensor:
    """Each entry's probability of survival, float64, shaped like `deltas`."""
    shifted = (density + epsilon * _centred_ranks(deltas)).clamp(0, 1)
    return torch.where((density == 0) | (density == 1), density, shifted)


def _centred_ranks(deltas: Tensor) -> Tensor:
    """Ranks from -1 (a row's smallest magnitude) to 1 (its largest), float64; 0 in rows of width 1 or equal magnitudes."""
    ordered, places = _by_row(magnitude_bits(deltas)).sort(1)
    first, last = _runs(ordered)
    doubled = torch.empty_like(first).scatter_(1, places, first + last)
    span = max(1, ordered.shape[1] - 1)
    return ((doubled - ordered.shape[1] + 1).double() / span).reshape(deltas.shape)


def _runs(ordered: Tensor) -> tuple[Tensor, Tensor]:
    """For each entry of sorted rows, the first and the last index of its run of equal values."""
    places = torch.arange(ordered.shape[1], dtype=torch.int32, device=ordered.device).expand_as(ordered)
    opens, closes = torch.ones_like(ordered, dtype=torch.bool), torch.ones_like(ordered, dtype=torch.bool)
    opens[:, 1:] = closes[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
    first = torch.where(opens, places, 0).cummax(1).values
    return first, torch.where(closes, places, ordered.shape[1]).flip(1).cummin(1).values.flip(1)


def _by_row(stack: Tensor) -> Tensor:
    n_rows = stack.shape[:2].numel() if stack.ndim > 2 else len(stack)
    return stack.reshape(n_rows, stack.numel() // max(1, n_rows))


def _exact(value: float | Tensor, deltas: Tensor) -> Tensor:
    """One number for all experts or one per expert, in float64: the precision in which draws are compared."""
    return per_model(torch.as_tensor(value, dtype=torch.float64), deltas)
