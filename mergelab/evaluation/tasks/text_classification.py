"""Text classification: texts are tokenised, padded on the right, and given an attention mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.tasks.kinds import Encoded, kind
from mergelab.evaluation.tasks.rows import Rows

VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "spm.model",
)
"""A tokenizer needs one of these files."""


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


@kind("text-classification", mapping="MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING")
def tokenise(rows: Rows, head: Checkpoint, config: Any) -> Encoded:
    """Tokenise with the tokenizer in the head's folder; texts longer than the model's maximum are truncated."""
    from transformers import AutoTokenizer

    if isinstance(rows.inputs, Tensor):
        raise ValueError(f"{head.name} answers texts, but these rows are images")
    if head.folder is None:
        raise ValueError(f"{head.name} is in memory and has no tokenizer; name a model folder as the task's head")
    if not any((head.folder / name).is_file() for name in VOCABULARIES):  # transformers would create an empty tokenizer
        raise ValueError(f"{head.folder} has no tokenizer ({VOCABULARIES[0]}); copy the tokenizer's files there")
    try:
        tokenizer = AutoTokenizer.from_pretrained(head.folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{head.folder} has no tokenizer that can be loaded ({error}); copy its tokenizer files there"
        ) from error
    if tokenizer.pad_token_id is None:
        raise ValueError(
            f"the tokenizer of {head.name} has no padding token; set pad_token in its tokenizer_config.json"
        )
    limit = min(tokenizer.model_max_length, getattr(config, "max_position_embeddings", tokenizer.model_max_length))
    ids = tokenizer(list(rows.inputs), truncation=True, max_length=limit, verbose=False)["input_ids"]
    return Tokens(tuple(map(tuple, ids)), tokenizer.pad_token_id, "token_type_ids" in tokenizer.model_input_names)
