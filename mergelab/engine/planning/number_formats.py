"""The number formats in which a tensor is stored, where kernels can read them."""

from __future__ import annotations

import torch

from mergelab.engine.planning.plan import Plan
from mergelab.kernels.device_stack import fits

Formats = tuple[torch.dtype, ...]
"""The dtypes of one tensor in the merged model, the base and every expert."""


def kernel_formats(plan: Plan, key: str) -> Formats | None:
    """A tensor's formats, or None if no kernel reads them."""
    merged, (base, *experts) = plan.specs[key].dtype, plan.stored_dtypes(key)
    return (merged, base, *experts) if fits(base, experts, merged) else None
