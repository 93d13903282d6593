"""Reinforced agent merging: each entry is the mean of the experts that changed it."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import FROM_0, Range
from mergelab.methods.registry import method


@method("RAM", space="deltas", paper="Yuan et al. 2026, arXiv:2601.13572", elementwise=True)
def ram(
    deltas: Tensor,
    *,
    epsilon: A[
        float, Range(0.0, 0.001, 0.00001, "Changes up to this size count as none and are dropped", valid=FROM_0)
    ] = 1e-5,
) -> Tensor:
    """Keep what one expert alone changed, and average what several changed over those experts.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. An entry that
    no expert changed by more than `epsilon` becomes 0. The paper's RAM+, which scales up unshared changes, is not
    included.
    """
    changed = deltas.abs() > epsilon
    return torch.where(changed, deltas, 0.0).sum(0) / changed.sum(0).clamp(min=1)
