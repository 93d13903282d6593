"""Measures of a delta's rank, from its singular values (n,) in descending order, float64."""

from __future__ import annotations

import math

from torch import Tensor

ENERGY = 0.95
"""The default share of the squared norm for `energy_rank`."""


def effective_rank(values: Tensor) -> float:
    """exp(−Σ p log p) with p = s / Σ s, between 1 and the rank (Roy & Vetterli 2007); NaN for a matrix of zeros."""
    live = values[values > 0]
    shares = live / live.sum()
    return float((-(shares * shares.log()).sum()).exp()) if len(live) else math.nan


def stable_rank(values: Tensor) -> float:
    """Σ s² / s₁², between 1 and the rank, hardly affected by small values; NaN for a matrix of zeros."""
    squares = values.square()
    return float(squares.sum() / squares[0]) if len(values) and float(squares[0]) else math.nan


def energy_rank(values: Tensor, share: float = ENERGY) -> float:
    """The smallest number of singular values whose squares reach `share` of Σ s²; NaN for a matrix of zeros."""
    gathered = values.square().cumsum(0)
    if not len(values) or float(gathered[-1]) == 0:
        return math.nan
    return float(int((gathered < share * gathered[-1]).sum()) + 1)


def energy_share(values: Tensor, top: int) -> float:
    """The share of Σ s², the squared norm, in the first `top` singular values; NaN for a matrix of zeros."""
    squares = values.square()
    total = float(squares.sum())
    return float(squares[:top].sum()) / total if total else math.nan
