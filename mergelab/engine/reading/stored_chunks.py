"""Reads chunks as checkpoints store them, each chunk from disk only once."""

from __future__ import annotations

import threading

from torch import Tensor

from mergelab.checkpoints import Checkpoint, read_range
from mergelab.engine.planning.plan import Plan
from mergelab.engine.reading.chunks import Chunk


def read_stored(checkpoint: Checkpoint, file_key: str, chunk: Chunk) -> Tensor:
    """A chunk of one checkpoint's tensor, in its stored dtype and in the chunk's shape."""
    if chunk.stop is None:
        return checkpoint.read(file_key)
    return read_range(checkpoint, file_key, chunk.start, chunk.stop).reshape(chunk.shape)


class ChunkCache(threading.local):
    """Thread-local cache of the current chunk of all models, for surveys and merges that read it one after the other."""

    def __init__(self) -> None:
        self._chunk: Chunk | None = None
        self._tensors: list[Tensor] = []

    def read(self, plan: Plan, chunk: Chunk) -> list[Tensor]:
        """The base's chunk, then every expert's, as stored; not to be changed in place. Frees the previous chunk first."""
        if chunk != self._chunk:
            self._chunk, self._tensors = None, []
            pairs = zip(plan.experts, plan.expert_keys, strict=True)
            self._tensors = [read_stored(plan.base, chunk.key, chunk)]
            self._tensors += [read_stored(expert, keys[chunk.key], chunk) for expert, keys in pairs]
            self._chunk = chunk
        return self._tensors
