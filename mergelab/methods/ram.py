"""Reinforced agent merging: each entry is the mean of the experts that changed it."""

from __future__ import annotations

from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.methods.knobs import FROM_0, Range
from mergelab.methods.ops.reason import Reason, fates, first_of, short
from mergelab.methods.registry import method


def mean_of_changed(deltas: Tensor, *, epsilon: float) -> Reason:
    """The experts that change a weight share it; small changes count as none."""
    changed = deltas.abs() > epsilon
    count = changed.sum(0)
    sentences = (
        f"No expert changes this weight by more than {short(epsilon)}, so the base’s stays.",
        "Only {who} changes this weight, so its change is kept whole.",
        "The mean over the experts that change this weight: {terms}.",
    )
    small = {"too small": (f"(at most {short(epsilon)})",) * len(deltas)}
    lost = fates(small, too_small=(deltas != 0) & ~changed)
    return Reason(sentences, first_of(count == 0, count == 1), coefficients=changed / count.clamp(min=1), fates=lost)


@method("RAM", space="deltas", paper="Yuan et al. 2026, arXiv:2601.13572", elementwise=True, why=mean_of_changed)
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
