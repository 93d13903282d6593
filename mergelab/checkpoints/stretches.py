"""Part of a tensor without the rest of it, where a checkpoint's storage allows that."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from mergelab.checkpoints.folder import FolderCheckpoint
from mergelab.checkpoints.specs import Checkpoint, StateDict


@runtime_checkable
class _ReadsStretches(Protocol):
    def read_stretch(self, key: str, start: int, stop: int) -> Tensor: ...


def read_stretch(checkpoint: Checkpoint, key: str, start: int, stop: int) -> Tensor:
    """The flat entries from `start` to `stop` of a tensor in its spec's dtype."""
    if isinstance(checkpoint, _ReadsStretches):
        return checkpoint.read_stretch(key, start, stop)
    return checkpoint.read(key).reshape(-1)[start:stop]


def is_plain(checkpoint: Checkpoint) -> bool:
    """Whether every tensor is stored as it is, not as a change of a base that has to be worked out."""
    return isinstance(checkpoint, FolderCheckpoint | StateDict)
