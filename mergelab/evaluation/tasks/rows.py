"""Labelled rows of one split, and their fixed subsets for scoring."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled rows; `labels` are int64 `(n,)`.

    `inputs` are n texts, or images as uint8 `(n, height, width)` or `(n, channels, height, width)`.
    """

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
        """At most `limit` rows in their stored order, with all classes in proportion; None keeps all rows.

        The choice depends only on the labels and `seed`: all models get the same rows, and smaller subsets are contained
        in larger ones.
        """
        if limit is not None and limit < 1:
            raise ValueError(f"the number of rows must be at least 1, got {limit}")
        if limit is None or limit >= len(self):
            return self
        return self.take(_mixed_order(self.labels, seed)[:limit].sort().values)

    def digest(self) -> str:
        """SHA-256 in hex over inputs and labels, in order."""
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
    """Row numbers in an order in which every prefix has (nearly) the overall class proportions."""
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    place = torch.empty(len(labels), dtype=torch.float64)
    for label in torch.unique(labels):
        members = shuffled[labels[shuffled] == label]
        place[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return shuffled[place[shuffled].argsort(stable=True)]
