"""Fused fast paths on the CPU: one pass over the stored numbers, bit for bit what the reference functions give."""

from __future__ import annotations

import importlib.util
from functools import cache


@cache
def available() -> bool:
    """Whether numba is installed; without it the reference functions do the work."""
    return importlib.util.find_spec("numba") is not None
