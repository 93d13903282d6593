"""The one error of this package: a checkpoint that cannot be used, with what is wrong, where, and the next step."""

from __future__ import annotations


class CheckpointError(ValueError):
    """A checkpoint, suite or export is refused. The message is a sentence for the person who named it."""
