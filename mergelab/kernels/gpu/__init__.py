"""The same fused merges in Triton, for NVIDIA's GPUs."""

from __future__ import annotations

import importlib.util
from functools import cache

import torch


def takes(device: torch.device) -> bool:
    """Whether these kernels run on a device; otherwise the reference functions do the work."""
    return device.type == "cuda" and torch.version.cuda is not None and installed()


@cache
def installed() -> bool:
    """Whether triton is installed."""
    return importlib.util.find_spec("triton") is not None
