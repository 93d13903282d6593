"""Labelled rows of one split, and the fixed subsets of them that every model is scored on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Rows:
    """`inputs` are n texts, or images as uint8 `(n, height, width)` or `(n, channels, height, width)`; `labels` are int64 `(n,)`."""

    inputs: tuple[str, ...] | Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> Rows:
        """The rows at `index`, in that order."""
        if isinstance(self.inputs, Tensor):
            return Rows(self.inputs[index], self.labels[index])
        return Rows(tuple(self.inputs[i] for i in index.tolist()), self.labels[index])

    def limited(self, limit: int | None, seed: int = 0) -> Rows:
        """At most `limit` rows in their stored order, each class in its own proportion.

        The choice depends on the labels and `seed` alone, so every model is asked the same rows, and a smaller subset lies
        inside a larger one. None keeps all.
        """
        if limit is not None and limit < 1:
            raise ValueError(f"the number of rows must be at least 1, got {limit}")
        if limit is None or limit >= len(self):
            return self
        return self.take(_mixed_order(self.labels, seed)[:limit].sort().values)

    def digest(self) -> str:
        """sha256 hex over inputs and labels, in order."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256(f"{len(self)}\n".encode())
        if isinstance(self.inputs, Tensor):
            digest.update(f"{self.inputs.dtype} {list(self.inputs.shape)}\n".encode())
            digest.update(self.inputs.contiguous().numpy().tobytes())
        else:
            for text in self.inputs:
                raw = text.encode("utf-8", "surrogatepass")
                digest.update(f"{len(raw)}:".encode() + raw)
        digest.update(self.labels.contiguous().numpy().tobytes())
        return digest.hexdigest()


def _mixed_order(labels: Tensor, seed: int) -> Tensor:
    """Row numbers so ordered that every beginning holds the classes in (nearly) their overall shares."""
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    place = torch.empty(len(labels), dtype=torch.float64)
    for label in torch.unique(labels):
        members = shuffled[labels[shuffled] == label]
        place[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return shuffled[place[shuffled].argsort(stable=True)]
