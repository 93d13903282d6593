"""The basic operations on a stack of tensors from which merge methods are built."""

from __future__ import annotations

import torch
from torch import Tensor

from mergelab.linalg import summed


def per_model(values: Tensor | float, stack: Tensor) -> Tensor:
    """One number for all models, or (n_models,), reshaped to broadcast against `stack` (n_models, *shape)."""
    return torch.as_tensor(values, device=stack.device).reshape(-1, *[1] * (stack.ndim - 1))


def rows(stack: Tensor) -> Tensor:
    """`stack` (n_models, *shape) as (n_models, count); works for 0-dim and empty tensors too."""
    return stack.reshape(len(stack), stack[0].numel())


def any_nonzero(values: Tensor) -> bool:
    """Whether any value is nonzero; False if there are none. Extremes are read several times faster than `Tensor.any` reads."""
    return bool(values.numel()) and any(bool(extreme) for extreme in values.aminmax())


def weighted_mean(stack: Tensor, shares: Tensor) -> Tensor:
    """Σ shares·x / Σ shares over models; `shares` broadcasts against `stack`. If all shares are 0: the unweighted mean.

    Identical models come back bit for bit: the mean is computed as an offset from the first model, which is subtracted
    because -0.0 + 0.0 is 0.0.
    """
    shares = shares.expand_as(stack)
    total = shares.sum(0)
    shares = torch.where(total == 0, torch.ones_like(shares), shares)
    offsets = stack[:1] - stack
    return stack[0] - (shares * offsets).sum(0) / shares.sum(0)


def zero_below_threshold(deltas: Tensor, thresholds: Tensor) -> Tensor:
    """Set every delta whose magnitude is below its model's threshold to 0."""
    return torch.where(magnitudes(deltas) >= per_model(thresholds, deltas), deltas, 0.0)


def magnitudes(values: Tensor) -> Tensor:
    """The magnitudes by which entries are ranked and compared with thresholds, float32. Those of float64 values are rounded:
    entries that agree in float32 are kept or dropped together."""
    found = values.abs()
    return found if found.dtype == torch.float32 else found.float().clamp_(max=torch.finfo(torch.float32).max)


def count_kept(density: float, count: int) -> int:
    """How many of `count` entries a density keeps: rounded, and at least one unless the density is 0."""
    return max(1, int(density * count + 0.5)) if density > 0 and count > 0 else 0


def elected_signs(votes: Tensor, by: str) -> Tensor:
    """The sign (-1, 0, 1) that wins each entry: by the `mass` of the votes or by their `count`."""
    return (votes.sign() if by == "count" else votes).sum(0).sign()


def largest(values: Tensor) -> Tensor:
    """The value of largest magnitude over models, with its sign; of equal magnitudes, the first model's."""
    winner = values.abs().argmax(0, keepdim=True)
    return values.gather(0, winner)[0]


def rescaled(values: Tensor, kept: Tensor, density: float | Tensor, rescale: str) -> Tensor:
    """Rescale the survivors `kept` of `values`, both (n_models, *shape).

    `none` leaves them as they are, `inverse` divides them by the density, `l1` restores each model's L1 norm.
    """
    if rescale == "inverse":
        divisors = per_model(density, kept).to(kept.dtype)
        return torch.where(divisors > 0, kept / divisors.clamp(min=torch.finfo(torch.float32).tiny), kept)
    if rescale == "l1":
        before, after = (summed(rows(x), torch.abs) for x in (values, kept))
        factors = torch.where(after > 0, before / after.clamp(min=torch.finfo(torch.float64).tiny), 1.0)
        return kept * per_model(factors.to(kept.dtype), kept)
    return kept
