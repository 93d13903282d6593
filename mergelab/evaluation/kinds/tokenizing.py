"""The tokenizer in a model's folder, with errors for what transformers only guesses."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encode import VOCABULARIES, file_stamps, files_folder


def tokenizer_of(head: Checkpoint) -> Any:
    """The transformers tokenizer of `head`, an adapter's perhaps that of its base. Raises `ValueError` with what to do if there
    is none."""
    folder = files_folder(head)
    if folder is None:
        raise ValueError(f"{head.name} is in memory and has no tokenizer; name a model folder as the task's head")
    return _loaded(folder, tuple(file_stamps(folder)))


def longest(tokenizer: Any, config: Any) -> int:
    """The largest number of tokens that both the tokenizer and the model's positions allow."""
    return int(min(tokenizer.model_max_length, getattr(config, "max_position_embeddings", None) or 2**31))


@lru_cache(maxsize=16)
def _loaded(folder: Path, stamps: tuple[object, ...]) -> Any:
    """`stamps` is part of the cache key, so that changed files are read again."""
    from transformers import AutoTokenizer

    if not any((folder / name).is_file() for name in VOCABULARIES):  # transformers would create an empty tokenizer
        raise ValueError(f"{folder} has no tokenizer ({VOCABULARIES[0]}); copy the tokenizer's files there")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{folder} has no tokenizer that can be loaded ({error}); copy its tokenizer files there"
        ) from error
