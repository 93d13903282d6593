"""Rows of one split of a task, in the one order in which every model is asked them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

Input = str | tuple[object, ...]
"""What a model is asked: a text, or a tuple of texts (a context and its options, a pair of sentences)."""


Picture = NDArray[numpy.uint8]
"""Pixels: (height, width), or (channels, height, width)."""


@dataclass(frozen=True)
class Row:
    """One row: what is asked (uint8 pixels for a picture), the number of the right class or option (or a gold score), and the expected text.

    `question` is what its table alone says, if the input has more, such as examples: it decides the split of a row whose
    table does not.
    """

    input: Input | Picture
    label: float = 0
    reference: str = ""
    question: Input = ""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to ask a model; `labels` are `(n,)`: int64 numbers of classes or options, or float32 gold scores.

    `inputs` are n texts or tuples of texts, or images as uint8 `(n, height, width)` or `(n, channels, height, width)`.
    `references` are the expected texts, for kinds of task that compare texts; for others it is empty.
    """

    inputs: tuple[Input, ...] | Tensor
    labels: Tensor
    references: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Rows:
        """These rows, in their order. Labels are int64 if all are whole numbers, else float32."""
        whole = all(float(row.label).is_integer() for row in rows)
        labels = torch.tensor([row.label for row in rows], dtype=torch.int64 if whole else torch.float32)
        references = tuple(row.reference for row in rows) if any(row.reference for row in rows) else ()
        return cls(tuple(cast(Input, row.input) for row in rows), labels, references)

    def __len__(self) -> int:
        return len(self.labels)

    def row(self, place: int) -> Row:
        """One row."""
        reference, asked = self.references[place] if self.references else "", self.inputs[place]
        return Row(asked.numpy() if isinstance(asked, Tensor) else asked, self.labels[place].item(), reference)

    @property
    def picture_size(self) -> tuple[int, int] | None:
        """Height and width of the pictures; None for texts."""
        return (self.inputs.shape[-2], self.inputs.shape[-1]) if isinstance(self.inputs, Tensor) else None

    def take(self, index: Tensor) -> Rows:
        """The rows at `index`, in that order."""
        numbers = index.tolist()
        references = tuple(self.references[i] for i in numbers) if self.references else ()
        inputs = self.inputs[index] if isinstance(self.inputs, Tensor) else tuple(self.inputs[i] for i in numbers)
        return Rows(inputs, self.labels[index], references)

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

    @cached_property
    def mixed(self) -> Rows:
        """All rows in the order in which models are asked: every prefix has (nearly) the class proportions of the whole."""
        return self.take(self.order)

    @cached_property
    def order(self) -> Tensor:
        """The stored number of each row of `mixed`, int64 `(n,)`. It depends on the labels alone."""
        return _mixed_order(self.labels, seed=0)

    def digest(self) -> str:
        """SHA-256 in hex over inputs, labels and references, in order."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256(f"{len(self)}\n".encode())
        if isinstance(self.inputs, Tensor):
            digest.update(f"{self.inputs.dtype} {list(self.inputs.shape)}\n".encode())
            digest.update(self.inputs.contiguous().numpy().tobytes())
        else:
            for text in (*self.inputs, *self.references):
                raw = (text if isinstance(text, str) else json.dumps(text)).encode("utf-8", "surrogatepass")
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
