"""The error of the store of runs."""

from __future__ import annotations


class RunsError(ValueError):
    """A store that cannot be opened, or a run that is not there or is in the wrong state."""
