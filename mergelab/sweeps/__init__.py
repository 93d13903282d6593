"""Sweeps: which recipes to try, what they are worth, and which of them go on to more rows."""

from mergelab.sweeps.sweep_error import SweepError
from mergelab.sweeps.sweep_file import Sweep

__all__ = ["Sweep", "SweepError"]
