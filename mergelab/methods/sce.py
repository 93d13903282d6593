"""SCE: select high-variance entries, calculate expert weights, erase the deltas that lose the sign vote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.linalg import folded_sum
from mergelab.methods.knobs import FROM_0, Range
from mergelab.methods.ops.elementwise import any_nonzero, elected_signs, per_model
from mergelab.methods.ops.reason import Reason, fates, first_of, sides
from mergelab.methods.ops.vectors import as_vectors, inner_products
from mergelab.methods.registry import Log, method, silent


def selected_vote(deltas: Tensor, *, density: float, floor: float) -> Reason:
    """Where the experts differ little nothing is taken; elsewhere a sign is elected, and energy decides who counts how much."""
    kept = _selected(deltas, density, silent)
    signs = torch.where(elected_signs(kept, "mass") < 0, -1.0, 1.0).to(deltas.dtype)
    agree, energy = kept * signs > 0, torch.tensor(_shares(kept, floor, silent), dtype=deltas.dtype)
    parts = agree * per_model(energy, deltas)
    whole = parts.sum(0)
    coefficients = parts / torch.where(whole == 0, 1.0, whole.clamp(min=floor))
    figures = sides(kept, signs)
    end = "They count by their energy in this tensor: {terms}."
    sentences = (
        f"The experts differ too little here for density {density:g}, so the base’s weight stays.",
        f"{{sign}} is unopposed ({{who}}). {end}",
        f"{{sign}} wins: {{won}} ({{who}}) against {{lost}} ({{who:outvoted}}). {end}",
    )
    lost = fates(not_selected=(kept == 0) & (deltas != 0), outvoted=(kept != 0) & ~agree)
    which = first_of((kept == 0).all(0), figures["lost"] == 0)
    values = torch.where(agree, kept, 0.0)
    return Reason(sentences, which, figures, coefficients, signs=signs, fates=lost, step="elect", values=values)


@method("SCE", space="deltas", paper="Wan et al. 2024, arXiv:2408.07990", why=selected_vote)
def sce(
    deltas: Tensor,
    *,
    density: A[
        float,
        Range(
            0.0,
            1.0,
            0.01,
            "Fraction to keep of the weights where the experts differ, largest variance first; 1 keeps them all",
        ),
    ] = 1.0,
    floor: A[
        float,
        Range(
            0.0,
            1e-3,
            1e-6,
            "If the energies sum to less than this, all experts count the same (mergekit: 1e-6); 0 turns this off",
            valid=FROM_0,
        ),
    ] = 1e-6,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Keep the weights where the experts differ most, count each by its energy there, and average changes that agree in sign.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. An expert's
    energy is the mean square of its kept delta. Averages never divide by less than `floor`. Entries of equal variance
    are kept or dropped together; below density 1, entries where all experts agree are dropped. Votes that cancel elect
    plus. Logs a sentence if the energies sum to less than `floor`, or if the density keeps no entry.
    """
    kept = _selected(deltas, density, say)
    upward = torch.where(elected_signs(kept, "mass") < 0, -1.0, 1.0).to(deltas.dtype)
    total, whole, agreeing = torch.zeros_like(upward), torch.zeros_like(upward), torch.empty_like(upward)
    for delta, share in zip(kept, _shares(kept, floor, say), strict=True):
        torch.mul(delta, upward, out=agreeing).clamp_(min=0.0)
        whole.add_(agreeing > 0, alpha=share)
        total += agreeing.mul_(share)
    return upward * total / torch.where(whole == 0, 1.0, whole.clamp(min=floor))


def _selected(deltas: Tensor, density: float, say: Callable[[str], None]) -> Tensor:
    if density >= 1:
        return deltas
    spread = _spread(deltas)
    differing = int((spread > 0).sum())
    wanted = int(density * differing)
    if wanted == 0:
        if density > 0 and any_nonzero(deltas):
            say(f"no weight is kept: {density:g} of the weights where experts differ ({differing}) is less than one")
        return torch.zeros_like(deltas)
    threshold = spread.flatten().kthvalue(spread.numel() - wanted + 1).values
    return torch.where(spread >= threshold, deltas, 0.0)


def _spread(deltas: Tensor) -> Tensor:
    """The standard deviation over experts (*shape), exactly 0 where they agree."""
    mean = deltas.sum(0, dtype=torch.float64) / len(deltas)
    squares, offset = torch.zeros_like(mean), torch.empty_like(mean)
    for delta in deltas:
        squares += torch.sub(delta, mean, out=offset).square_()
    return squares.div_(len(deltas)).sqrt_().to(deltas.dtype)


def _shares(kept: Tensor, floor: float, say: Callable[[str], None]) -> list[float]:
    """Each expert's fraction of the total energy."""
    energies = inner_products(as_vectors(kept))[0].diagonal() / max(1, kept[0].numel())
    total = folded_sum(energies)
    if total < floor or total == 0:
        if total > 0:
            say(f"all experts weigh the same, because their energies sum to only {float(total):.0e}")
        return [1 / len(energies)] * len(energies)
    return [float(energy / total) for energy in energies]
