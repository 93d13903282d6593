"""Refuses values that are NaN or infinite."""

from __future__ import annotations

import torch
from torch import Tensor


class MergeError(ValueError):
    """A merge that cannot continue: the problem, the tensor and model in which it occurs, and a remedy."""


def refuse_non_finite(values: Tensor, key: str, owner: str, remedy: str) -> None:
    """Raise MergeError with the count of values that are NaN or infinite, if there are any."""
    # A finite sum proves finite values and costs one read. A sum of finite values may overflow, so count only then.
    if values.is_floating_point() and not bool(torch.isfinite(values.sum())):
        count = int((~torch.isfinite(values)).sum())
        if count:
            raise MergeError(f"{key} of {owner} holds {count} values that are NaN or infinite: {remedy}")
