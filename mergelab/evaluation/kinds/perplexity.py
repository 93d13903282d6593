"""Perplexity: how likely a causal language model finds texts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows
from mergelab.evaluation.kinds.settings import TaskSettings
from mergelab.evaluation.kinds.task_kind import Answer, Column, Exam, TaskKind
from mergelab.evaluation.kinds.text.continuation import Ids
from mergelab.evaluation.kinds.text.log_likelihood import TokenWindow, of_windows
from mergelab.evaluation.kinds.text.prompts import text_in
from mergelab.evaluation.kinds.text.tokens import first_token, plain_ids, window_of
from mergelab.evaluation.kinds.text_classification import Tokens
from mergelab.evaluation.kinds.tokenizing import tokenizer_of


@dataclass(frozen=True)
class PerplexitySettings(TaskSettings):
    """What the likelihood is divided by: `bytes` compares models of all tokenizers, `tokens` only those of one."""

    unit: Literal["bytes", "tokens"] = "bytes"


@dataclass(frozen=True)
class TextWindows(Tokens):
    """Token ids of each text, the start of text in front, and the most that the model reads at once."""

    window: int = 1

    @property
    def lengths(self) -> Sequence[int]:
        return [min(len(ids) - 1, self.window) for ids in self.ids]

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        """The first window of each text."""
        firsts = tuple(self.ids[row][: self.lengths[row]] for row in index)
        return Tokens(firsts, self.padding, self.has_types).batch(range(len(firsts)))


class Perplexity(TaskKind):
    """Texts that the model reads; it answers nothing."""

    name = "perplexity"
    title = "Perplexity of texts"
    mapping = "MODEL_FOR_CAUSAL_LM_MAPPING"
    columns = (Column("text", "the text to read", ("content", "document", "page")),)
    settings = PerplexitySettings

    def metric(self, settings: Any) -> str:
        """Bits per byte, or perplexity per token."""
        return "bits per byte" if settings.unit == "bytes" else "perplexity per token"

    def row(self, cells: Mapping[str, Any], labels: tuple[str, ...], settings: Any) -> Row:
        """A text that is not empty."""
        text = text_in(cells, "text")
        if not text:
            raise ValueError("'text' is empty; leave the row out")
        return Row(text)

    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """Texts as tokens without special ones, after the start of text, or its end where the tokenizer has no start."""
        tokenizer = tokenizer_of(head)
        start = first_token(tokenizer, head.name)
        ids = tuple((start, *text) for text in plain_ids(tokenizer, [str(text) for text in rows.inputs]))
        return TextWindows(ids, 0, False, window_of(tokenizer, config))

    def answer(self, exam: Exam, index: Sequence[int]) -> list[Answer]:
        """The marks are a text's negative log-likelihood in nats, and its bytes or tokens."""
        parts = [list(windows(exam.encoded.ids[row], exam.encoded.window)) for row in index]
        values = iter(of_windows(exam.model, [window for own in parts for window in own], exam.device))
        nats = [-math.fsum(next(values) for _ in own) for own in parts]
        if not all(map(math.isfinite, nats)):
            raise ValueError(
                f"the model gives non-finite outputs on task {exam.title}; reduce very large weights or scales in the recipe"
            )
        return [Answer((value, self._units(exam, row))) for row, value in zip(index, nats, strict=True)]

    def _units(self, exam: Exam, row: int) -> float:
        text = str(exam.rows.inputs[row])
        return float(len(text.encode()) if exam.settings.unit == "bytes" else len(exam.encoded.ids[row]) - 1)


def windows(ids: Ids, most: int) -> Iterator[TokenWindow]:
    """The parts in which a text is read, whose first token is its start: every other token is a target exactly once.

    All parts but the last have `most` targets of their own. The last one reads `most` tokens too, so that its targets are
    seen after as much text as there is room for.
    """
    ends = accumulate([most] * ((len(ids) - 1) // most) + [(len(ids) - 1) % most])
    begin = 0
    for end in ends:
        if end > begin:
            yield TokenWindow(tuple(ids[max(0, end - most) : end]), tuple(ids[begin + 1 : end + 1]))
        begin = end
