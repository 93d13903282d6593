"""Fused kernels: one pass over the stored numbers, with the reference functions' bits. Numba's are for the CPU, Triton's for
GPUs."""

from __future__ import annotations

import importlib.util
from functools import cache


@cache
def available() -> bool:
    """Whether numba is installed; without it, the reference functions do the work on a CPU."""
    return importlib.util.find_spec("numba") is not None
