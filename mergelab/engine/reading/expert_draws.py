"""Draws the random bits of each expert, keyed by seed, expert content and tensor name."""

from __future__ import annotations

import torch
from torch import Tensor

from mergelab.engine.planning.plan import Plan
from mergelab.engine.reading.chunks import Chunk
from mergelab.runtime.randomness import draws


def read_draws(plan: Plan, chunk: Chunk) -> Tensor:
    """Random 32-bit integers for every entry of every expert, int64 (n_models, *shape)."""
    seed = plan.recipe.seed
    return torch.stack([draws(seed, content, chunk.key, chunk.shape, chunk.start) for content in plan.hashes])
