"""The stored numbers of the chunk that a thread works on, read once however many rules look at it."""

from __future__ import annotations

import threading

from torch import Tensor

from mergelab.engine.inputs import Chunk
from mergelab.engine.plan import Plan


class ChunkCache(threading.local):
    """One chunk of all models for each thread."""

    def __init__(self) -> None:
        self._piece: Chunk | None = None
        self._tensors: list[Tensor] = []

    def read(self, plan: Plan, chunk: Chunk) -> list[Tensor]:
        """The base's and every expert's chunk as stored; not to be changed in place. The chunk before is let go first."""
        if chunk != self._piece:
            self._piece, self._tensors = None, []
            pairs = zip(plan.experts, plan.expert_keys, strict=True)
            self._tensors = [chunk.stored(plan.base, chunk.key)]
            self._tensors += [chunk.stored(expert, keys[chunk.key]) for expert, keys in pairs]
            self._piece = chunk
        return self._tensors
