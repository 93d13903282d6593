"""Text classification: texts are tokenised, padded on the right, and given an attention mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.classification import Classification, label_number
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows
from mergelab.evaluation.kinds.task_kind import Column
from mergelab.evaluation.kinds.tokenizing import longest, tokenizer_of


@dataclass(frozen=True)
class Tokens:
    """Token ids of each row, without padding."""

    ids: tuple[tuple[int, ...], ...]
    padding: int
    has_types: bool

    @property
    def lengths(self) -> Sequence[int]:
        return [len(ids) for ids in self.ids]

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        chosen = [self.ids[i] for i in index]
        longest = max(map(len, chosen))
        ids = torch.tensor([(*row, *[self.padding] * (longest - len(row))) for row in chosen])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in chosen])
        types = {"token_type_ids": torch.zeros_like(ids)} if self.has_types else {}
        return {"input_ids": ids, "attention_mask": mask, **types}


class TextClassification(Classification):
    """Texts to one of several classes."""

    name = "text-classification"
    title = "Text classification"
    mapping = "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING"
    probed_as = "text-probe"
    columns = (
        Column("text", "the text to classify", ("sentence", "content", "review", "input")),
        Column(
            "label", "the right class: its name or its number", ("class", "category", "target", "sentiment", "gold")
        ),
    )

    def row(self, cells: Mapping[str, Any], labels: tuple[str, ...], settings: Any) -> Row:
        """A text, and the number of its class."""
        if not isinstance(cells["text"], str):
            raise ValueError(f"'text' must be text, got {cells['text']!r}")
        return Row(cells["text"], label_number(cells["label"], labels))

    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """Tokenise with the tokenizer in the head's folder; texts longer than the model's maximum are truncated."""
        if isinstance(rows.inputs, Tensor):
            raise ValueError(f"{head.name} answers texts, but these rows are images")
        tokenizer = tokenizer_of(head)
        if tokenizer.pad_token_id is None:
            raise ValueError(
                f"the tokenizer of {head.name} has no padding token; set pad_token in its tokenizer_config.json"
            )
        limit = longest(tokenizer, config)
        ids = tokenizer(list(rows.inputs), truncation=True, max_length=limit, verbose=False)["input_ids"]
        return Tokens(tuple(map(tuple, ids)), tokenizer.pad_token_id, "token_type_ids" in tokenizer.model_input_names)
