"""Auxiliary files (tokenizer, preprocessor) that are copied along with a model."""

from __future__ import annotations

from pathlib import Path

from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.safe_paths import safe_file

COMPANIONS = (
    "added_tokens.json",
    "chat_template.jinja",
    "generation_config.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
"""Files that a model needs in addition to its config and weights: its tokenizer or image preprocessor."""


def auxiliary_files(model: Checkpoint) -> list[tuple[str, Path]]:
    """Name and real path (links of the Hub cache resolved) of the files to copy from the folder of `model`."""
    if model.folder is None:
        return []
    found = [(name, safe_file(model.folder, name)) for name in COMPANIONS]
    return [(name, path) for name, path in found if path is not None]
