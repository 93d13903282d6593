"""The only error type of this package, raised for a checkpoint that cannot be used."""

from __future__ import annotations


class CheckpointError(ValueError):
    """A checkpoint, suite or export is refused. The message tells the user what is wrong, where, and what to do."""
