"""Part of a tensor without the rest of it, where a checkpoint's storage allows that."""

from __future__ import annotations

from torch import Tensor

from mergelab.checkpoints.files.folder import FolderCheckpoint
from mergelab.checkpoints.files.interface import Checkpoint, StateDict


def read_range(checkpoint: Checkpoint, key: str, start: int, stop: int) -> Tensor:
    """The flat entries from `start` to `stop` of a tensor in its spec's dtype."""
    reads = getattr(checkpoint, "read_range", None)
    stretch: Tensor = reads(key, start, stop) if reads else checkpoint.read(key).reshape(-1)[start:stop]
    return stretch


def is_plain(checkpoint: Checkpoint) -> bool:
    """Whether every tensor is stored as it is, not as a change of a base that has to be worked out."""
    return isinstance(checkpoint, FolderCheckpoint | StateDict)
