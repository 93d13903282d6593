"""Reads part of a tensor without loading the rest, if the checkpoint's storage allows it."""

from __future__ import annotations

from torch import Tensor

from mergelab.checkpoints.files.folder import FolderCheckpoint
from mergelab.checkpoints.files.interface import Checkpoint, StateDict


def read_range(checkpoint: Checkpoint, key: str, start: int, stop: int) -> Tensor:
    """The flat entries from `start` to `stop` of a tensor, in its spec's dtype."""
    reads = getattr(checkpoint, "read_range", None)
    chunk: Tensor = reads(key, start, stop) if reads else checkpoint.read(key).reshape(-1)[start:stop]
    return chunk


def is_plain(checkpoint: Checkpoint) -> bool:
    """Whether every tensor is stored in full, rather than as a delta of a base."""
    told: bool | None = getattr(checkpoint, "is_plain", None)
    return isinstance(checkpoint, FolderCheckpoint | StateDict) if told is None else told
