"""The answers of one model to the first rows of a task, kept compactly."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.kinds.task_kind import Given
from mergelab.evaluation.scores.metrics import Marks


@dataclass(frozen=True)
class Answers:
    """Answers to the first `n` rows of a split in its fixed order; `rows` is the digest of the whole split.

    `packed_marks` and `packed_given` are texts, so that they fit in JSON and compare by value: the marks as float64
    (n, marks per row) and what the model answered as JSON, both compressed, in base64.
    """

    rows: str
    n: int
    packed_marks: str
    packed_given: str

    @classmethod
    def of(cls, rows: Rows, answers: Sequence[Answer]) -> Answers:
        """The answers to the first rows of `rows`, all rows of a split in their fixed order (`Rows.mixed`)."""
        marks = numpy.array([each.marks for each in answers], dtype="<f8")
        given = json.dumps([each.given for each in answers], separators=(",", ":"))
        return cls(rows.digest(), len(answers), _pack(marks.tobytes()), _pack(given.encode()))

    @property
    def marks(self) -> Marks:
        """The marks: float64 `(n, marks per row)`, in the order of the rows."""
        marks = numpy.frombuffer(_unpack(self.packed_marks), dtype="<f8")
        return marks.reshape(self.n, -1) if self.n else marks.reshape(0, 1)

    @property
    def given(self) -> list[Given]:
        """What the model answered to each row."""
        found: list[Given] = json.loads(_unpack(self.packed_given))
        return found

    @property
    def each(self) -> list[Answer]:
        """The single answers, in the order of the rows."""
        return [Answer(tuple(marks), given) for marks, given in zip(self.marks.tolist(), self.given, strict=True)]

    def first(self, n: int) -> Answers:
        """The answers to the first `n` rows only."""
        if n >= self.n:
            return self
        marks, given = self.marks[:n], json.dumps(self.given[:n], separators=(",", ":"))
        return Answers(self.rows, n, _pack(marks.tobytes()), _pack(given.encode()))


def _pack(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
