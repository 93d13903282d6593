"""The memory that a process has used."""

from __future__ import annotations

import sys


def peak_bytes() -> int:
    """The largest resident size that this process has ever had, in bytes; 0 on Windows, which does not tell it this way."""
    if sys.platform == "win32":
        return 0
    from resource import RUSAGE_SELF, getrusage

    unit = 1 if sys.platform == "darwin" else 1024
    return getrusage(RUSAGE_SELF).ru_maxrss * unit
