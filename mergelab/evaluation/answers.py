"""Which rows of a task a model answered rightly, in one bit per row."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray
from torch import Tensor

from mergelab.evaluation.tasks.rows import Rows


@dataclass(frozen=True)
class Answers:
    """`rows` is the digest of the `n` rows that were asked, `packed` the answers in base64: eight rows per byte, the first row
    in the highest bit, 1 for a right answer. Both are texts, so that they fit in JSON.
    """

    rows: str
    n: int
    packed: str

    @classmethod
    def of(cls, rows: Rows, right: Tensor) -> Answers:
        """The answers to `rows`; `right` is bool `(n,)` in the order of the rows."""
        bits = numpy.packbits(right.numpy())
        return cls(rows.digest(), len(rows), base64.b64encode(bits.tobytes()).decode())

    @property
    def right(self) -> NDArray[numpy.bool_]:
        """Whether each row was answered rightly: `(n,)`, in the order of the rows."""
        packed = numpy.frombuffer(base64.b64decode(self.packed), dtype=numpy.uint8)
        return numpy.unpackbits(packed, count=self.n).astype(bool)
