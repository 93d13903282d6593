"""The stored numbers of the piece that a thread works on, read once however many rules look at it."""

from __future__ import annotations

import threading

from torch import Tensor

from mergelab.engine.inputs import Piece
from mergelab.engine.plan import Plan


class AtHand(threading.local):
    """One piece of all models for each thread."""

    def __init__(self) -> None:
        self._piece: Piece | None = None
        self._tensors: list[Tensor] = []

    def read(self, plan: Plan, piece: Piece) -> list[Tensor]:
        """The base's and every expert's piece as stored; not to be changed in place. The piece before is let go first."""
        if piece != self._piece:
            self._piece, self._tensors = None, []
            pairs = zip(plan.experts, plan.expert_keys, strict=True)
            self._tensors = [piece.stored(plan.base, piece.key)]
            self._tensors += [piece.stored(expert, keys[piece.key]) for expert, keys in pairs]
            self._piece = piece
        return self._tensors
